import {expect, test} from 'vitest';
import {mergeAnswers} from './merge-answers.ts';

async function* counting(to: number): AsyncGenerator<number, void, undefined> {
  for (let at = 1; at <= to; at += 1) yield at;
}

test('[GW7] several answers come side by side, each in its order, and a quick one does not hold up the others', async () => {
  const seen: string[] = [];
  for await (const {index, value} of mergeAnswers(
    [counting(3), counting(2)],
    new AbortController(),
  )) {
    seen.push(`${index}:${value}`);
  }
  expect(seen).toEqual(['0:1', '1:1', '0:2', '1:2', '0:3']);
});

async function* failing(): AsyncGenerator<number, void, undefined> {
  yield 1;
  throw new Error('lost');
}

test('[GW7] when one answer fails, the others end', async () => {
  const abort = new AbortController();
  let isEnded = false;
  async function* waiting(): AsyncGenerator<number, void, undefined> {
    try {
      yield 1;
      await new Promise((_, reject) => {
        abort.signal.addEventListener('abort', reject);
      });
    } finally {
      isEnded = true;
    }
  }
  const seen: number[] = [];
  const reading = async (): Promise<void> => {
    for await (const {index} of mergeAnswers([waiting(), failing()], abort)) seen.push(index);
  };
  await expect(reading()).rejects.toThrow('lost');
  expect({seen, isEnded}).toEqual({seen: [0, 1], isEnded: true});
});

test('[GW10] an answer is asked for more only when its reader has taken what came', async () => {
  let made = 0;
  async function* eager(): AsyncGenerator<number, void, undefined> {
    for (;;) yield (made += 1);
  }
  const merged = mergeAnswers([eager()], new AbortController());
  await merged.next();
  await merged.next();
  expect(made).toBe(2);
  await merged.return();
});
