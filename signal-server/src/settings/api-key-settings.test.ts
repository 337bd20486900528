import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, expect, test} from 'vitest';
import {apiKeyFaults, readApiKeys} from './api-key-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'weft-keys-'));
afterAll(() => {
  rmSync(folder, {recursive: true});
});

function fileOf(text: string) {
  const apiKeysFile = join(folder, 'keys.json');
  writeFileSync(apiKeysFile, text);
  return {apiKeysFile};
}

test('[AK2] keys are read by their hashes, and without a file anybody may ask', () => {
  const keys = [{name: 'ann', sha256: 'ab'.repeat(32), mostAnswers: 2}];
  expect(readApiKeys(fileOf(JSON.stringify(keys)))).toEqual(keys);
  expect(readApiKeys({apiKeysFile: null})).toBeNull();
});

test.each([
  ['{', 'it is not JSON'],
  ['[{"name": "ann", "key": "my secret"}]', 'it holds something else'],
  ['[{"name": "ann", "sha256": "my secret"}]', 'it holds something else'],
])('[AK2] a wrong file is reported without its text: %s', (text, why) => {
  const [fault] = apiKeyFaults(fileOf(text));
  expect(fault?.variable).toBe('API_KEYS_FILE');
  expect(fault?.sentence).toContain(`${why}; expected a JSON array of {"name", "sha256"}`);
  expect(fault?.sentence).not.toContain('my secret');
});

test('[AK2] a missing file is reported', () => {
  const apiKeysFile = join(folder, 'none.json');
  expect(apiKeyFaults({apiKeysFile})[0]?.sentence).toContain('there is no such file');
});
