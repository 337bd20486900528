/** What a person can do about a failure, as the page offers it. */
export type NextStep = 'try-again' | 'reload' | 'start-over';

export type Failure = {
  readonly code: string;
  /** A sentence, with its full stop. */
  readonly sentence: string;
  readonly nextStep: NextStep;
};

const NEXT_STEPS: Readonly<Record<string, NextStep>> = {
  PROMPT_TOO_LONG: 'start-over',
  VERSION_MISMATCH: 'reload',
  MANIFEST_ALTERED: 'reload',
  MANIFEST_INVALID: 'reload',
  HEADER_ALTERED: 'reload',
  SITE_UNREACHABLE: 'reload',
  PAGE_INCOMPLETE: 'reload',
};

/** Codes whose own words are the browser's, in which a reader finds no next step. */
const PLAIN_SENTENCES: Readonly<Record<string, string>> = {
  PAGE_INCOMPLETE:
    'A part of this page could not be loaded: check the network, then reload the page',
  TimeoutError: 'The swarm did not answer in time: check the network, then try again',
};

/** What to tell a person about anything that was thrown. */
export function explainFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return explainCode(codeOf(error), message);
}

/** The same for a failure that came as code and sentence. */
export function explainCode(code: string, message: string): Failure {
  const text = (PLAIN_SENTENCES[code] ?? message).trim();
  const sentence = /[.!?…]$/u.test(text) ? text : `${text}.`;
  return {code, sentence, nextStep: NEXT_STEPS[code] ?? 'try-again'};
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const detail: unknown = 'detail' in error ? error.detail : null;
  if (typeof detail === 'object' && detail !== null && 'code' in detail) return String(detail.code);
  // Browsers report a script that cannot be fetched as a TypeError that speaks of modules.
  if (error instanceof TypeError && /module/iu.test(error.message)) return 'PAGE_INCOMPLETE';
  return error.name;
}
