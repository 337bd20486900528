/// <reference types="node" />
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import * as z from 'zod';

const MAIN = fileURLToPath(new URL('../../../signal-server/src/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const startedSchema = z.looseObject({
  event: z.literal('server-started'),
  url: z.string(),
  peerId: z.string(),
});

export type SpawnedServer = {
  readonly url: string;
  readonly port: number;
  readonly peerId: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
};

/**
 * The signal server as `npm start` runs it, in a process of its own: what it
 * does is not slowed down by whoever measures it, or the other way round.
 *
 * @param nodeArgs of Node itself, before the program.
 */
export async function spawnServer({
  env,
  nodeArgs = [],
}: {
  readonly env: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}): Promise<SpawnedServer> {
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    cwd: ROOT,
    env: {...process.env, PORT: '0', ...env},
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({input: child.stdout ?? process.stdin})) {
    const started = startedSchema.safeParse(JSON.parse(line));
    if (!started.success) continue;
    const {url, peerId} = started.data;
    child.stdout?.resume();
    return {
      url,
      port: Number(new URL(url).port),
      peerId,
      child,
      stop: async () => {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('The server ended before it had started');
}
