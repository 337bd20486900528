/** Errors that OpenAI calls otherwise, and its names of them. All others have the same code there, in small letters. */
const API_CODES: ReadonlyMap<string, string> = new Map([
  ['MODEL_UNKNOWN', 'model_not_found'],
  ['PROMPT_TOO_LONG', 'context_length_exceeded'],
  ['PROMPT_UNKNOWN_TOKEN', 'unknown_token'],
]);
const CODES: ReadonlyMap<string, string> = new Map(
  [...API_CODES].map(([code, apiCode]) => [apiCode, code]),
);

/** The `code` of an error over HTTP. */
export function apiCodeOf(code: string): string {
  return API_CODES.get(code) ?? code.toLowerCase();
}

/** The code of an error that came over HTTP. */
export function codeOfApi(apiCode: string): string {
  return CODES.get(apiCode) ?? apiCode.toUpperCase();
}
