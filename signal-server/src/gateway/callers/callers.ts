import type {IncomingMessage} from 'node:http';
import type {BlockList} from 'node:net';
import {Allowance} from '#shared/base/allowance.ts';
import {sourceAddress} from '../../limits/source/source-address.ts';
import {tooOften, wrongKey} from '../errors/api-error.ts';
import {keyFinder, type ApiKey} from './api-keys.ts';
import type {Caller} from '../turns/caller-queue.ts';

type Options = {
  /** `null`: anybody may ask, and each address is a caller. */
  readonly keys: readonly ApiKey[] | null;
  readonly trustedProxies: BlockList;
  /** Monotonic. */
  readonly nowMs: () => number;
};

const MS_PER_MINUTE = 60_000;
const BEARER = /^Bearer +(\S+)$/iu;

/** Knows callers by their API key where keys are on, else by their address, and lets them in or not. */
export class Callers {
  readonly #options: Options;
  readonly #findKey: ReturnType<typeof keyFinder> | null;
  /** Requests that each name has left. */
  readonly #allowances = new Map<string, Allowance>();

  constructor(options: Options) {
    this.#options = options;
    this.#findKey = options.keys === null ? null : keyFinder(options.keys);
  }

  /** @throws {ApiError} 401. */
  identify(request: IncomingMessage): Caller {
    const key = this.#keyOf(request);
    if (key !== null) return {id: `key ${key.name}`, mostAnswers: key.mostAnswers};
    const {socket, headers} = request;
    const {remoteAddress} = socket;
    return {id: sourceAddress({remoteAddress, headers}, this.#options.trustedProxies).key};
  }

  /** Counts a request that costs the swarm something. @throws {ApiError} 401, 429. */
  admit(request: IncomingMessage): Caller {
    const key = this.#keyOf(request);
    if (key?.requestsPerMinute !== undefined) this.#count(key.name, key.requestsPerMinute);
    return this.identify(request);
  }

  #keyOf({headers}: IncomingMessage): ApiKey | null {
    if (this.#findKey === null) return null;
    const key = this.#findKey(BEARER.exec(headers.authorization ?? '')?.[1] ?? '');
    if (key === null) throw wrongKey();
    return key;
  }

  #count(name: string, perMinute: number): void {
    const allowance =
      this.#allowances.get(name) ?? new Allowance({perSec: perMinute / 60, burst: perMinute});
    this.#allowances.set(name, allowance);
    const nowMs = this.#options.nowMs();
    if (allowance.leftAt(nowMs) < 1) throw tooOften(MS_PER_MINUTE / perMinute);
    allowance.take(nowMs);
  }
}
