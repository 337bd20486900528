/// <reference types="node" />
// Started by run-folder.ts with a folder as its argument.
import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {setTimeout as wait} from 'node:timers/promises';

const CHECK_EVERY_MS = 100;
/** A browser that is still ending writes into its profile for a moment. */
const CHECKS_WITHOUT_IT = 3;
const MAX_CHECKS = 100;

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('Usage: remove-folder FOLDER');

// Standard input ends when the process that holds its other end does.
for await (const _ of process.stdin);

for (let checks = 0, without = 0; checks < MAX_CHECKS && without < CHECKS_WITHOUT_IT; checks += 1) {
  without = existsSync(folder) ? 0 : without + 1;
  await rm(folder, {recursive: true, force: true}).catch(() => undefined);
  await wait(CHECK_EVERY_MS);
}
