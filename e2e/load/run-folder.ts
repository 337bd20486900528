import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const GUARD = fileURLToPath(new URL('remove-folder.ts', import.meta.url));
/** Chromium's socket is 44 characters below the folder; the shortest limit of all systems is 104. */
const LONGEST_BASE = 40;

/** Where programs of this and other systems look for the folder of temporary files. */
const VARIABLES = ['TMPDIR', 'TEMP', 'TMP'];

/** A folder that holds everything temporary of one run, the browser's profile too. */
export type RunFolder = {
  readonly path: string;
  /** Resolves when the folder is gone. */
  remove(): Promise<void>;
};

/**
 * Makes the folder, and sends all temporary files of this process and its
 * children there. A process of its own waits for the end of this one, however
 * it comes, and removes the folder: a crash cannot leave it behind.
 */
export async function openRunFolder(): Promise<RunFolder> {
  const isTooLong = process.platform !== 'win32' && tmpdir().length > LONGEST_BASE;
  const path = await mkdtemp(join(isTooLong ? '/tmp' : tmpdir(), 'weft-swarm-'));
  const guard = spawn(process.execPath, [GUARD, path], {
    // Not in our process group: Ctrl-C must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(guard, 'spawn');
  const ended = once(guard, 'exit');
  const before = VARIABLES.map((name) => process.env[name]);
  for (const name of VARIABLES) process.env[name] = path;
  return {
    path,
    remove: async () => {
      VARIABLES.forEach((name, i) => {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      });
      guard.stdin.end();
      await ended;
    },
  };
}
