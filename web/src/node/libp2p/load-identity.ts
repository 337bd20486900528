import {generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {createStore, get, set} from 'idb-keyval';

export type Identity = {
  readonly privateKey: PrivateKey;
  /** Lets another tab of this origin take the same key. */
  release(): void;
};

const MAX_SLOTS = 16;

/** A key that nobody has seen before and that ends with the tab. */
export async function createEphemeralIdentity(): Promise<Identity> {
  return {privateKey: await generateKeyPair('Ed25519'), release: () => undefined};
}

/**
 * The key of this tab, the same after a reload. Two tabs of one origin never
 * share one: each holds the Web Lock of its slot for as long as it lives.
 */
export async function loadIdentity(): Promise<Identity> {
  for (let slot = 0; slot < MAX_SLOTS; slot += 1) {
    const release = await tryLock(`weft-identity-${slot}`);
    if (release !== null) return {privateKey: await loadKey(slot), release};
  }
  return await createEphemeralIdentity();
}

async function loadKey(slot: number): Promise<PrivateKey> {
  const store = createStore('weft-identity', 'keys');
  const held = await get<Uint8Array>(slot, store);
  if (held !== undefined) return privateKeyFromProtobuf(held);
  const privateKey = await generateKeyPair('Ed25519');
  await set(slot, privateKeyToProtobuf(privateKey), store);
  return privateKey;
}

/** @returns how to let go of the lock; `null` when another tab has it. */
async function tryLock(name: string): Promise<(() => void) | null> {
  const taken = Promise.withResolvers<(() => void) | null>();
  void navigator.locks.request(name, {ifAvailable: true}, async (lock) => {
    if (lock === null) {
      taken.resolve(null);
      return;
    }
    const held = Promise.withResolvers<void>();
    taken.resolve(held.resolve);
    await held.promise;
  });
  return await taken.promise;
}
