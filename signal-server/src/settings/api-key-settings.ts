import {readFileSync} from 'node:fs';
import {apiKeysSchema, type ApiKey} from '../gateway/callers/api-keys.ts';
import type {SettingFault} from './read-settings.ts';

type Settings = {readonly apiKeysFile: string | null};

const EXPECTED =
  'a JSON array of {"name", "sha256"}, each with the hash of one key in hex, and "mostAnswers" or "requestsPerMinute" where it is limited';

/** The keys that may ask; `null`: anybody may. @throws {Error} when the file cannot be read. */
export function readApiKeys({apiKeysFile}: Settings): readonly ApiKey[] | null {
  return apiKeysFile === null
    ? null
    : apiKeysSchema.parse(JSON.parse(readFileSync(apiKeysFile, 'utf8')));
}

/** What is wrong with the file of keys. */
export function apiKeyFaults(settings: Settings): readonly SettingFault[] {
  const variable = 'API_KEYS_FILE';
  try {
    readApiKeys(settings);
    return [];
  } catch (error) {
    const sentence = `${variable}=${JSON.stringify(settings.apiKeysFile)}: ${whyUnreadable(error)}; expected ${EXPECTED}`;
    return [{variable, sentence}];
  }
}

/** Nothing of what is in the file: it may be a file of keys in the clear. */
function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'there is no such file';
  if ('code' in error && typeof error.code === 'string') return `it cannot be read (${error.code})`;
  return error instanceof SyntaxError ? 'it is not JSON' : 'it holds something else';
}
