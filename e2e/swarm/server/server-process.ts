/// <reference types="node" />
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
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

type Options = {
  readonly env: Readonly<Record<string, string>>;
  /** Of Node itself, before the program. */
  readonly nodeArgs?: readonly string[];
};

type Running = {
  readonly url: string;
  readonly peerId: string;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
};

/**
 * The signal server as `npm start` runs it, in a process of its own: what it
 * does is not slowed down by whoever measures it, or the other way round, and
 * it can be killed, and come back at the same address with the same key.
 */
export class ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly peerId: string;
  #options: Options;
  #running: Running | null;
  #starting: Promise<void> | null = null;

  private constructor(options: Options, running: Running) {
    this.#options = options;
    this.#running = running;
    this.url = running.url;
    this.port = Number(new URL(running.url).port);
    this.peerId = running.peerId;
  }

  /** On any free port, unless `env` names one. */
  static async start(options: Options): Promise<ServerProcess> {
    const env = {PORT: '0', SERVER_KEY_SEED: randomBytes(32).toString('hex'), ...options.env};
    return new ServerProcess({...options, env}, await spawnServer({...options, env}));
  }

  /** Under which tabs and other servers find it. */
  get address(): string {
    return `/ip4/127.0.0.1/tcp/${this.port}/ws/p2p/${this.peerId}`;
  }

  /** @throws {Error} while it does not run. */
  get child(): ChildProcess {
    if (this.#running === null) throw new Error('The server does not run');
    return this.#running.child;
  }

  /** Ends it in the middle of whatever it does. @throws {Error} when it does not run. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** The same server again, without anything that it knew; `env` is added to what it had. */
  async startAgain(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#starting ??= this.#startAgain(env).finally(() => (this.#starting = null));
    await this.#starting;
  }

  /** Lets it say goodbye; safe to call when it does not run. */
  async stop(): Promise<void> {
    await this.#starting;
    if (this.#running !== null) await this.#end('SIGTERM');
  }

  async #startAgain(env: Readonly<Record<string, string>>): Promise<void> {
    if (this.#running !== null) return;
    const {env: before, ...options} = this.#options;
    this.#options = {...options, env: {...before, ...env, PORT: String(this.port)}};
    this.#running = await spawnServer(this.#options);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const {child} = this;
    const exited = this.#running?.exited;
    this.#running = null;
    child.kill(signal);
    await exited;
  }
}

async function spawnServer({env, nodeArgs = []}: Options): Promise<Running> {
  const child = spawn(process.execPath, [...nodeArgs, MAIN], {
    cwd: ROOT,
    env: {...process.env, ...env},
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({input: child.stdout ?? process.stdin})) {
    const started = startedSchema.safeParse(JSON.parse(line));
    if (!started.success) continue;
    child.stdout?.resume();
    return {...started.data, child, exited};
  }
  throw new Error('The server ended before it had started');
}
