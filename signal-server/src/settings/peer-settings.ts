import {peerIdFromString} from '@libp2p/peer-id';
import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';
import {asPeerId} from '#shared/base/ids.ts';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import * as z from 'zod';

const MAX_PEERS = 4;
const MAX_ADDRESSES_PER_PEER = 8;

type NamedAddress = {readonly peerId: string; readonly address: string};

const addressSchema = z.string().max(512, 'is longer than 512 characters').transform(readAddress);

/** Addresses that end in `/p2p/ID`; those of one server are grouped. */
export const peersSchema: z.ZodType<readonly NamedServer[]> = z
  .array(addressSchema)
  .transform((named) =>
    [...Map.groupBy(named, ({peerId}) => peerId)].map(([peerId, its]) => ({
      peerId: asPeerId(peerId),
      addresses: [...new Set(its.map(({address}) => address))],
    })),
  )
  .refine((peers) => peers.length <= MAX_PEERS, `names more than ${MAX_PEERS} servers`)
  .refine(
    (peers) => peers.every(({addresses}) => addresses.length <= MAX_ADDRESSES_PER_PEER),
    `names more than ${MAX_ADDRESSES_PER_PEER} addresses of one server`,
  );

function readAddress(text: string, context: z.RefinementCtx): NamedAddress {
  const components = componentsOf(text);
  const last = components?.at(-1);
  const fault =
    components === null || last === undefined ? 'is not a multiaddr' : faultOf(components);
  if (fault !== null || last?.value === undefined) {
    context.addIssue(fault ?? 'is not a multiaddr');
    return z.NEVER;
  }
  return {peerId: last.value, address: text};
}

type Components = ReturnType<Multiaddr['getComponents']>;

function componentsOf(text: string): Components | null {
  try {
    return multiaddr(text).getComponents();
  } catch {
    return null;
  }
}

function faultOf(components: Components): string | null {
  const names = components.map(({name}) => name);
  const [first = ''] = names;
  const isWebSocket =
    /^(?:dns|dns4|dns6|ip4|ip6)$/u.test(first) &&
    /^tcp,(?:(?:tls,(?:sni,)?)?ws|wss)(?:,http-path)?,p2p$/u.test(names.slice(1).join(','));
  if (names.at(-1) !== 'p2p') return 'does not end in /p2p/ID';
  if (!isWebSocket) return 'is not the address of a WebSocket';
  return isEd25519(components.at(-1)?.value ?? '')
    ? null
    : 'does not end in the id of an Ed25519 key';
}

function isEd25519(id: string): boolean {
  try {
    return peerIdFromString(id).type === 'Ed25519';
  } catch {
    return false;
  }
}
