import {expect, test} from 'vitest';
import {buildVocabulary} from '#shared/client/model/build-vocabulary.ts';
import {VocabularyBuilder} from '#shared/client/vocabulary/vocabulary-builder.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {openVocabularyThread} from './open-vocabulary-thread.ts';

test('[VW5] a prompt that nobody can encode fails alone, and its thread goes on', async () => {
  let ended = 0;
  const builder = new VocabularyBuilder(() => {
    const thread = openVocabularyThread();
    const terminate = thread.terminate.bind(thread);
    return Object.assign(thread, {
      terminate: () => {
        ended += 1;
        terminate();
      },
    });
  });
  const vocabulary = await builder.build(tinyGguf({seed: 3}));
  const broken = vocabulary.encodeText(Object(7n));
  const sound = vocabulary.encodeText('hello');
  await expect(broken).rejects.toThrow('The prompt could not be encoded');
  expect((await sound).length).toBeGreaterThan(0);
  expect(ended).toBe(0);
  builder.close();
});

test('[GW11] [VW1] a thread of the server makes the prompts that a page would make', async () => {
  const builder = new VocabularyBuilder(openVocabularyThread);
  const header = tinyGguf({seed: 3});
  const [here, thread] = [await buildVocabulary(header), await builder.build(header)];
  const chat = [{role: 'user', content: 'hello'}] as const;
  expect(await thread.encodeChat(chat, {nowMs: 0})).toEqual(
    await here.encodeChat(chat, {nowMs: 0}),
  );
  expect(await thread.encodeText('hello')).toEqual(await here.encodeText('hello'));
  expect(thread.tokenBytes(5)).toEqual(here.tokenBytes(5));
  const waiting = thread.encodeText('hello');
  builder.close();
  await expect(waiting).rejects.toMatchObject({name: 'AbortError'});
});
