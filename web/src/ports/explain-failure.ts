import {isWeftError} from '#shared/base/errors.ts';
import {LENDING_SENTENCES, NEEDS_NETWORK, GOOD_SENTENCES, SENTENCES} from './failure-sentences.ts';

/** What a person can do about a failure, as the page offers it. */
export type NextStep = 'try-again' | 'reload' | 'start-over' | 'wait';

export type Failure = {
  readonly code: string;
  /** A sentence, with its full stop; no ids in full, no stack, no words of a schema. */
  readonly sentence: string;
  readonly nextStep: NextStep;
};

/** Where it failed. */
export type Circumstances = {
  readonly doing: 'asking' | 'lending';
  /** As the browser sees it; `false` is sure, `true` is not. */
  readonly isOnline: boolean;
};

const NEXT_STEPS: Readonly<Record<string, NextStep>> = {
  OFFLINE: 'wait',
  PROMPT_TOO_LONG: 'start-over',
  CONTEXT_FULL: 'start-over',
  VERSION_MISMATCH: 'reload',
  MANIFEST_ALTERED: 'reload',
  MANIFEST_INVALID: 'reload',
  MODEL_UNREADABLE: 'reload',
  CATALOG_INVALID: 'reload',
  HEADER_ALTERED: 'reload',
};

/** What to tell a person about anything that was thrown. */
export function explainFailure(error: unknown, circumstances: Circumstances): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return explainCode(codeOf(error), message, circumstances);
}

/** The same for a failure that came as code and sentence. */
export function explainCode(
  coded: string,
  message: string,
  {doing, isOnline}: Circumstances,
): Failure {
  const code = moreExactly(coded, message, isOnline);
  const fixed = (doing === 'lending' ? LENDING_SENTENCES[code] : undefined) ?? SENTENCES[code];
  if (fixed === undefined && !GOOD_SENTENCES.has(code)) return unforeseen(code);
  const text = shorten(fixed ?? message);
  const sentence = /[.!?…]$/u.test(text) ? text : `${text}.`;
  return {code, sentence, nextStep: NEXT_STEPS[code] ?? 'try-again'};
}

function unforeseen(code: string): Failure {
  const sentence = `Something in this page broke (${code}): reload the page, and tell whoever runs this site if that does not help.`;
  return {code, sentence, nextStep: 'reload'};
}

/** Browsers and onnxruntime say it in these words. */
const NO_MEMORY = /out of memory|allocation failed|bad_alloc|failed to allocate/iu;

/** The same where a script or a wasm file of an engine does not come. */
const NOT_LOADED =
  /could not be loaded|failed to (?:fetch|load)|NetworkError|dynamically imported module|fetching of the wasm/iu;

function moreExactly(coded: string, message: string, isOnline: boolean): string {
  const code = coded === 'ENGINE_LOST' && NOT_LOADED.test(message) ? 'PAGE_INCOMPLETE' : coded;
  if (!isOnline && NEEDS_NETWORK.has(code)) return 'OFFLINE';
  if (!GOOD_SENTENCES.has(code) && NO_MEMORY.test(message)) return 'OUT_OF_MEMORY';
  return code;
}

/** The code of anything that was thrown: its own, or its name. */
export function codeOf(error: unknown): string {
  if (isWeftError(error)) return error.detail.code;
  if (!(error instanceof Error)) return 'UNKNOWN';
  // Browsers report a script that cannot be fetched as a TypeError that speaks of modules.
  if (error instanceof TypeError && /module/iu.test(error.message)) return 'PAGE_INCOMPLETE';
  return error.name;
}

const PEER_ID = /\b(?:12D3Koo|16Uiu2|Qm)[1-9A-HJ-NP-Za-km-z]{30,}/gu;
const LONG_HEX = /\b[0-9a-f]{32,}\b/gu;
const MOST_CHARACTERS = 400;

/** One line without what nobody reads: ids and hashes by the part in which they differ. */
export function shorten(text: string): string {
  const [line = ''] = text.trim().split('\n');
  return line
    .replaceAll(PEER_ID, (id) => `…${id.slice(-6)}`)
    .replaceAll(LONG_HEX, (hash) => `${hash.slice(0, 8)}…`)
    .slice(0, MOST_CHARACTERS);
}
