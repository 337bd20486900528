import {globSync, readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {WeftError} from '#shared/base/errors.ts';
import {GenerationFailedError} from '#shared/client/generation-failed.ts';
import {REFUSALS} from '#shared/protocol/control/refusal-code.ts';
import {peerUnreachable} from '#shared/transport/transport.ts';
import {explainCode, explainFailure} from './explain-failure.ts';
import {LENDING_SENTENCES, NEEDS_NETWORK, GOOD_SENTENCES, SENTENCES} from './failure-sentences.ts';

const asking = {doing: 'asking', isOnline: true} as const;
const lending = {doing: 'lending', isOnline: true} as const;
const offline = {doing: 'lending', isOnline: false} as const;

test('[PG6] a failure of the swarm keeps its code, and its sentence where that is for people', () => {
  const error = new WeftError({code: 'PROMPT_TOO_LONG'}, 'The prompt is too long; shorten it');
  expect(explainFailure(error, asking)).toEqual({
    code: 'PROMPT_TOO_LONG',
    sentence: 'The prompt is too long; shorten it.',
    nextStep: 'start-over',
  });
});

test('[PG7] a script that does not load is explained in plain words, and asking or lending again comes before a reload', () => {
  const error = new TypeError('Failed to fetch dynamically imported module: http://x/y.js');
  const failure = explainFailure(error, asking);
  expect(failure).toMatchObject({code: 'PAGE_INCOMPLETE', nextStep: 'try-again'});
  expect(failure.sentence).toContain('ask again');
  expect(explainFailure(error, lending).sentence).toContain('lend again');
  expect(failure.sentence).not.toContain('http');
});

const broke = (code: string) => ({
  code,
  sentence: `Something in this page broke (${code}): reload the page, and tell whoever runs this site if that does not help.`,
  nextStep: 'reload',
});

test('[PG7] so is an engine of which a part does not load', () => {
  for (const reason of [
    'its script could not be loaded',
    'Error: no available backend found. ERR: [wasm] TypeError: Failed to fetch dynamically imported module: http://x/y.mjs',
    "NetworkError: Failed to execute 'send' on 'XMLHttpRequest': Failed to load 'http://x/y.wasm'",
    'RuntimeError: Aborted(both async and sync fetching of the wasm failed). Build with -sASSERTIONS',
  ]) {
    const message = `The engine is gone: ${reason}`;
    expect(explainCode('ENGINE_LOST', message, lending)).toMatchObject({code: 'PAGE_INCOMPLETE'});
    expect(explainCode('ENGINE_LOST', message, offline)).toMatchObject({code: 'OFFLINE'});
  }
});

test('[PG8] an unforeseen failure is shown with its code and what to do', () => {
  expect(explainFailure('odd', asking)).toEqual(broke('UNKNOWN'));
  expect(explainFailure(new TypeError('x is undefined'), asking)).toEqual(broke('TypeError'));
  expect(explainFailure(new WeftError({code: 'NO_SUCH'}, 'at f (y.js:1)'), lending)).toEqual(
    broke('NO_SUCH'),
  );
});

const peerId = asPeerId('12D3KooWCGsA4emke5gDzuBiKpRwoAPZsYmgeH2SBns7MNQYKYum');
const sha256 = 'cd2d87a25589b59f222688858608478fd7ed55b0cefdc3e96076591029713ce4';

/** Every code that the source of the page, and of what it shares, gives to an error. */
function codesOfSource(): readonly string[] {
  const files = globSync('{web/src,shared}/**/*.ts', {cwd: process.cwd()});
  const texts = files
    .filter((path) => !/\.(?:test|contract)\.ts$|\/testing\//u.test(path))
    .map((path) => readFileSync(path, 'utf8'));
  const coded = texts.flatMap((text) => [...text.matchAll(/\bcode: '([A-Z][A-Z_0-9]+)'/gu)]);
  return [...new Set([...coded.map(([, code = '']) => code), ...Object.keys(REFUSALS)])];
}

/** What nobody can read. */
const NOISE = /[0-9A-Za-z]{32}|    at |\n|undefined|\[object|Invalid input/u;

test('[PG27] every code has one sentence with what to do, and nothing in it that nobody can read', () => {
  const codes = codesOfSource();
  expect(codes.length).toBeGreaterThan(50);
  const message = `Cannot do it for "${peerId}": expected ${sha256}\n    at f (x.ts:1:2)`;
  const sentences = [...codes, ...Object.keys(SENTENCES), ...GOOD_SENTENCES].flatMap((code) =>
    [asking, lending, offline].map((where) => explainCode(code, message, where).sentence),
  );
  expect(sentences.filter((sentence) => !/^[A-Z].*[.!?…]$/u.test(sentence))).toEqual([]);
  expect(sentences.filter((sentence) => NOISE.test(sentence))).toEqual([]);
});

const isKnown = (code: string): boolean => code in SENTENCES || GOOD_SENTENCES.has(code);

test('[PG27] each fixed sentence is defined once, and every code of an answer that broke off has one', () => {
  expect([...GOOD_SENTENCES].filter((code) => code in SENTENCES)).toEqual([]);
  expect([...NEEDS_NETWORK, ...Object.keys(REFUSALS)].filter((code) => !isKnown(code))).toEqual([]);
  const broken = new GenerationFailedError({
    code: 'PEER_LIED',
    peerId,
    orElse: [],
    tokensShown: 3,
    missing: [],
    isOwnSight: true,
  });
  expect(explainFailure(broken, asking).sentence).toMatch(/\(peer "…[0-9A-Za-z]{8}"\)/u);
  expect(`${broken.message} ${peerUnreachable(peerId, 5).message}`).not.toContain(peerId.slice(-9));
});

test('[PG28] without a network, everything that needs one fails as OFFLINE', () => {
  const unreachable = new WeftError({code: 'SERVER_UNREACHABLE'}, 'The server does not answer');
  expect(explainFailure(unreachable, lending).code).toBe('SERVER_UNREACHABLE');
  expect(explainFailure(unreachable, offline)).toEqual({
    code: 'OFFLINE',
    sentence: `${LENDING_SENTENCES['OFFLINE']}.`,
    nextStep: 'wait',
  });
  expect(explainCode('TENSOR_ALTERED', 'It was altered', offline).code).toBe('TENSOR_ALTERED');
});

test('[PG29] running out of memory is reported as that, however it is phrased', () => {
  for (const message of [
    'The engine is gone: RangeError: Array buffer allocation failed',
    'The engine is gone: std::bad_alloc',
    'Out of memory',
  ]) {
    expect(explainCode('ENGINE_LOST', message, lending)).toMatchObject({code: 'OUT_OF_MEMORY'});
  }
  expect(explainCode('ENGINE_LOST', 'The engine is gone: it crashed', lending).sentence).toBe(
    'The engine of this tab stopped three times in ten minutes: lend less, or close other tabs and programs.',
  );
});
