import {expect, test} from 'vitest';
import {buildVocabulary} from '#shared/client/model/build-vocabulary.ts';
import {VocabularyBuilder} from '#shared/client/vocabulary/vocabulary-builder.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {openVocabularyThread} from './open-vocabulary-thread.ts';

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
