import {generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {createStore, get, set} from 'idb-keyval';
import {untilAborted} from '#shared/base/until-aborted.ts';
import {secureCrypto} from '#shared/client/model/secure-crypto.ts';

export type Identity = {
  readonly privateKey: PrivateKey;
  /** Whether the tab is the same to others after a reload. */
  readonly isKept: boolean;
  /** Lets another tab of this origin take the same key. */
  release(): void;
};

const MAX_SLOTS = 16;
/** Private windows and full disks have storage that never answers. */
const STEP_LIMIT_MS = 3_000;

/** A key that nobody has seen before and that ends with the tab. */
export async function createEphemeralIdentity(): Promise<Identity> {
  secureCrypto();
  const privateKey = await generateKeyPair('Ed25519');
  return {privateKey, isKept: false, release: () => undefined};
}

/**
 * The key of this tab, the same after a reload. Two tabs of one origin never share one:
 * each holds the Web Lock of its slot for as long as it lives. Where the browser has no
 * locks or no storage for this page, blocks them, or lets them hang, the key ends with
 * the tab.
 *
 * @throws {WeftError} `INSECURE_PAGE`.
 */
export async function loadIdentity({
  stepLimitMs = STEP_LIMIT_MS,
}: {readonly stepLimitMs?: number} = {}): Promise<Identity> {
  secureCrypto();
  for (let slot = 0; slot < MAX_SLOTS; slot += 1) {
    const lock = await tryLock(`weft-identity-${slot}`, stepLimitMs);
    if (lock.kind === 'unavailable') break;
    if (lock.kind === 'taken') continue;
    const privateKey = await loadKey(slot, AbortSignal.timeout(stepLimitMs));
    if (privateKey !== null) return {privateKey, isKept: true, release: lock.release};
    lock.release();
    break;
  }
  return await createEphemeralIdentity();
}

/** @returns `null` when the browser's storage does not do its part in time. */
async function loadKey(slot: number, signal: AbortSignal): Promise<PrivateKey | null> {
  try {
    const store = createStore('weft-identity', 'keys');
    const held = readKey(await untilAborted(get<unknown>(slot, store), signal));
    if (held !== null) return held;
    const privateKey = await generateKeyPair('Ed25519');
    await untilAborted(set(slot, privateKeyToProtobuf(privateKey), store), signal);
    return privateKey;
  } catch {
    return null; // Blocked, full, broken or silent: whatever it is, the tab can do without.
  }
}

/** @returns `null` for what is no key of the kind that others take. */
function readKey(held: unknown): PrivateKey | null {
  if (!(held instanceof Uint8Array)) return null;
  try {
    const privateKey = privateKeyFromProtobuf(held);
    return privateKey.type === 'Ed25519' ? privateKey : null;
  } catch {
    return null; // Half written, or by another program.
  }
}

type Lock =
  | {readonly kind: 'held'; readonly release: () => void}
  /** Another tab has it. */
  | {readonly kind: 'taken'}
  /** The browser has no locks for this page. */
  | {readonly kind: 'unavailable'};

async function tryLock(name: string, limitMs: number): Promise<Lock> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks === undefined) return {kind: 'unavailable'};
  const taken = Promise.withResolvers<Lock>();
  const tooLate = setTimeout(() => taken.resolve({kind: 'unavailable'}), limitMs);
  const hold = async (lock: unknown): Promise<void> => {
    if (lock === null) {
      taken.resolve({kind: 'taken'});
      return;
    }
    const held = Promise.withResolvers<void>();
    const own: Lock = {kind: 'held', release: held.resolve};
    taken.resolve(own);
    if ((await taken.promise) === own) await held.promise;
  };
  try {
    void locks.request(name, {ifAvailable: true}, hold).catch(() => {
      taken.resolve({kind: 'unavailable'});
    });
  } catch {
    taken.resolve({kind: 'unavailable'});
  }
  const lock = await taken.promise;
  clearTimeout(tooLate);
  return lock;
}
