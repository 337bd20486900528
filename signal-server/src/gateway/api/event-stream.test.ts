import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {invalidRequest} from '../errors/api-error.ts';
import {eventStream} from './event-stream.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const errorOf = () => invalidRequest('broken', 'It broke', null);

/** A stream of numbers without end, and what became of it. */
function openStream() {
  const seen = {made: 0, isAborted: false, isReturned: false};
  const numbers = async function* (): AsyncGenerator<object, void, undefined> {
    try {
      for (;;) yield {number: (seen.made += 1)};
    } finally {
      seen.isReturned = true;
    }
  };
  const stream = eventStream({number: 0}, numbers(), {
    abort: () => (seen.isAborted = true),
    errorOf,
  });
  return {seen, reader: stream.getReader()};
}

test('[GW10] a reader that takes no event for half a minute loses its answer, and one that is slow does not', async () => {
  const {seen, reader} = openStream();
  for (let at = 0; at < 3; at += 1) {
    const {value} = await reader.read();
    expect(new TextDecoder().decode(value)).toBe(`data: {"number":${at}}\n\n`);
    await vi.advanceTimersByTimeAsync(29_000);
  }
  expect(seen).toEqual({made: 2, isAborted: false, isReturned: false});
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual({made: 2, isAborted: true, isReturned: true});
  await expect(reader.read()).rejects.toThrow('takes nothing');
});

async function* slow(): AsyncGenerator<object, void, undefined> {
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  yield {number: 1};
}

test('[GW10] an answer that is slow itself costs its reader nothing, and one that is over waits for nobody', async () => {
  let isAborted = false;
  const stream = eventStream({number: 0}, slow(), {abort: () => (isAborted = true), errorOf});
  const reader = stream.getReader();
  await reader.read();
  const next = reader.read();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(new TextDecoder().decode((await next).value)).toBe('data: {"number":1}\n\n');
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: [DONE]\n\n');
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await reader.read()).done).toBe(true);
  expect(isAborted).toBe(false);
});
