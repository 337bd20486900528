import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import process from 'node:process';
import * as z from 'zod';

const started = z.object({event: z.literal('server-started'), url: z.string(), peerId: z.string()});

export type SpawnedServer = {
  readonly url: string;
  readonly peerId: string;
  /** What it has logged, as text. */
  output(): string;
  /** With its exit code. */
  readonly exited: Promise<number | null>;
  send(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
};

const ROOT = resolve(import.meta.dirname, '../../..');

/** `main.ts` in a process of its own, with a clock of its own, on a free port. */
export async function spawnServer(
  env: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<SpawnedServer> {
  const staticDir = mkdtempSync(join(tmpdir(), 'weft-server-'));
  writeFileSync(join(staticDir, 'index.html'), '<!doctype html>');
  const entry = 'signal-server/src/main.ts';
  const child = spawn(process.execPath, ['--no-warnings', ...nodeOptions, entry], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      STATIC_DIR: staticDir,
      SERVER_KEY_FILE: join(staticDir, 'key'),
      ...env,
    },
  });
  let output = '';
  const ready = Promise.withResolvers<z.infer<typeof started>>();
  const read = (data: Buffer) => {
    output += data.toString();
    for (const line of output.split('\n')) {
      if (line.includes('"server-started"')) ready.resolve(started.parse(JSON.parse(line)));
    }
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = new Promise<number | null>((done) => {
    child.once('exit', (code) => {
      ready.reject(new Error(`The server ended with ${code}: ${output}`));
      rmSync(staticDir, {recursive: true});
      done(code);
    });
  });
  const {url, peerId} = await ready.promise;
  return {
    url,
    peerId,
    output: () => output,
    exited,
    send: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
