import {expect, test} from 'vitest';
import {asManifestHash} from '#shared/base/ids.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {PATIENCE} from '../download/patience.ts';
import {serveScript, status, type Answer} from '../download/testing/scripted-server.ts';
import {loadVocabulary} from './load-vocabulary.ts';
import {buildVocabulary} from './build-vocabulary.ts';
import {VOCABULARY_PARTS, type VocabularyProgress} from './vocabulary.ts';

const file = tinyGguf({seed: 3});
const manifest = await tinyManifest(file, {cutEvery: 1});

async function load(...answers: readonly Answer[]) {
  const {url} = await serveScript(...answers);
  const offered = {
    title: '',
    licence: '',
    manifest,
    manifestHash: asManifestHash(''),
    weightsUrl: url,
    siteUrl: '',
  };
  const patience = {...PATIENCE, firstPauseMs: 1, quietMs: 20};
  return await loadVocabulary(offered, {
    signal: new AbortController().signal,
    patience,
    build: buildVocabulary,
    onProgress: (progress) => seen.push(progress),
  });
}

const seen: VocabularyProgress[] = [];

const part: Answer = ({start, end}, response) =>
  void response.writeHead(206).end(file.subarray(start, end + 1));
const whole: Answer = (_, response) => void response.writeHead(200).end(file);
const altered: Answer = ({start, end}, response) =>
  void response.writeHead(206).end(file.map((byte) => byte ^ 1).subarray(start, end + 1));

test('[DN9] the header is tried again as weights are, and a server without ranges will do', async () => {
  for (const answer of [part, whole]) {
    const vocabulary = await load(status(503), answer);
    const hello = [{role: 'user', content: 'hello world'}] as const;
    expect(await vocabulary.encodeChat(hello, {nowMs: 0})).not.toEqual([]);
  }
});

test('[VW4] whoever waits sees how many bytes of the header have come, and which parts are built', async () => {
  seen.length = 0;
  await load(part);
  const of = (wanted: string) => seen.filter(({step}) => step === wanted);
  expect(seen.findIndex(({step}) => step === 'build')).toBe(of('download').length);
  expect(of('download').at(-1)?.total).toBe(manifest.header.byteLength);
  expect(of('build').map(({done}) => done)).toEqual([0, 1, 2, 3]);
  expect(of('build').every(({total}) => total === VOCABULARY_PARTS)).toBe(true);
});

test('[DN9] a header that does not arrive, and a wrong one, are reported as what they are', async () => {
  await expect(load(status(404))).rejects.toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({code: 'WEIGHTS_UNREACHABLE', status: 404}),
    }),
  );
  await expect(load(altered)).rejects.toThrow(
    /was altered on its way: SHA-256 [0-9a-f]{8}… instead/u,
  );
});
