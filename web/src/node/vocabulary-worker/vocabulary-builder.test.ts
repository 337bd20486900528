import {afterEach, expect, test} from 'vitest';
import {buildVocabulary} from '#shared/client/model/build-vocabulary.ts';
import {UnknownTokenError} from '#shared/model/text/unknown-token-error.ts';
import {tinyGguf, type MetadataChange} from '#shared/testing/tiny-gguf.ts';
import {GGUFValueType} from '@huggingface/gguf';
import {ThreadWorker} from '../testing/thread-worker.ts';
import {VocabularyBuilder} from '#shared/client/vocabulary/vocabulary-builder.ts';

const opened: ThreadWorker[] = [];
afterEach(() => {
  for (const worker of opened.splice(0)) worker.terminate();
});

function openWorker(module: string): ThreadWorker {
  const worker = new ThreadWorker(new URL(module, import.meta.url));
  opened.push(worker);
  return worker;
}

const builder = new VocabularyBuilder(() => openWorker('vocabulary.worker.ts'));
const inThread = builder.build;
const file = (metadata: MetadataChange = {}) => tinyGguf({seed: 3, metadata});
const CHAT = [{role: 'user', content: 'hello <|im_end|> wörld'}] as const;
const options = {nowMs: 0};

test('[VW1] a thread makes the prompts and the bytes of the tokens that the page would make', async () => {
  const [page, thread] = [await buildVocabulary(file()), await inThread(file())];
  expect(await thread.encodeChat(CHAT, options)).toEqual(await page.encodeChat(CHAT, options));
  const text = 'once <|im_end|> upon';
  expect(await thread.encodeText(text)).toEqual(await page.encodeText(text));
  for (let tokenId = 0; tokenId < page.vocabularySize; tokenId += 1) {
    expect(thread.tokenBytes(tokenId)).toEqual(page.tokenBytes(tokenId));
  }
  expect(() => thread.tokenBytes(page.vocabularySize)).toThrow(UnknownTokenError);
  expect(() => thread.tokenBytes(-1)).toThrow(UnknownTokenError);
  // The header, one chat and one text: the tokens of an answer cost the thread nothing.
  expect(opened.map(({requestCount}) => requestCount)).toEqual([3]);
});

test('[VW4] a thread says which parts it has built', async () => {
  const parts: number[] = [];
  await builder.build(file(), (done) => parts.push(done));
  expect(parts).toEqual([1, 2, 3]);
});

test('[VW1] [MD25] a model thinks as its template has it, or as the question says', async () => {
  const template =
    "{% if enable_thinking is defined %}{{ 'ab' if enable_thinking else 'a' }}{% else %}abc{% endif %}";
  const thinker = await inThread(
    file({'tokenizer.chat_template': {value: template, type: GGUFValueType.STRING}}),
  );
  const lengths = [undefined, true, false].map(async (thinking) => {
    const ids = await thinker.encodeChat(CHAT, {
      ...options,
      ...(thinking !== undefined && {thinking}),
    });
    return ids.length;
  });
  expect(await Promise.all(lengths)).toEqual([3, 2, 1]);
});

test('[VW2] what a file or a template refuses has the same words from a thread', async () => {
  const refusing = file({
    'tokenizer.chat_template': {
      value: "{{ raise_exception('not today') }}",
      type: GGUFValueType.STRING,
    },
  });
  await expect((await inThread(refusing)).encodeChat(CHAT, options)).rejects.toMatchObject({
    detail: {code: 'CHAT_TEMPLATE_FAILED', reason: 'not today'},
  });
  await expect(inThread(file({'tokenizer.ggml.merges': null}))).rejects.toMatchObject({
    detail: {code: 'TEXT_UNSUPPORTED', part: 'merges'},
  });
});

test('[VW3] where the thread does not start, is forbidden, or is lost later, the page does it', async () => {
  const page = await buildVocabulary(file());
  const prompt = await page.encodeChat(CHAT, options);
  const missing = await new VocabularyBuilder(() => openWorker('there-is-no-such-worker.ts')).build(
    file(),
  );
  expect(await missing.encodeChat(CHAT, options)).toEqual(prompt);
  const forbidden = await new VocabularyBuilder(() => {
    throw new DOMException('Workers are forbidden', 'SecurityError');
  }).build(file());
  expect(await forbidden.encodeChat(CHAT, options)).toEqual(prompt);
  const lost = await inThread(file());
  const waiting = lost.encodeChat(CHAT, options);
  opened.at(-1)?.dispatchEvent(new Event('error'));
  expect(await waiting).toEqual(prompt);
  expect(await lost.encodeChat(CHAT, options)).toEqual(prompt);
  expect(lost.tokenBytes(5)).toEqual(page.tokenBytes(5));
});

test('[VW3] a tab that leaves ends the thread, and whoever waits for it hears so', async () => {
  const vocabulary = await inThread(file());
  const waiting = [vocabulary.encodeChat(CHAT, options), inThread(file())];
  builder.close();
  const settled = await Promise.allSettled(waiting);
  expect(settled).toMatchObject(
    waiting.map(() => ({status: 'rejected', reason: {name: 'AbortError'}})),
  );
});
