import * as z from 'zod';
import {asPeerId, asSwarmId} from '../ids.ts';

/** What a signal server tells a tab that wants to join: `GET /api/bootstrap`. */
export const bootstrapSchema = z
  .object({
    /** The server's libp2p peer: relay for signaling, DHT seed, directory. */
    peerId: z.string().min(1).max(64).transform(asPeerId),
    /** Multiaddrs of the server, by the host under which the tab found it. */
    addresses: z.array(z.string().min(1).max(512)).min(1).max(8).readonly(),
    /** Unix ms on the server's clock, by which records are dated. */
    nowMs: z.int().nonnegative(),
    swarmId: z.string().min(1).max(64).transform(asSwarmId),
    protocolMajor: z.int().nonnegative(),
    /** STUN and TURN URLs for WebRTC; empty when peers reach each other directly. */
    iceServerUrls: z.array(z.string().max(256)).max(8).readonly(),
  })
  .readonly();

export type Bootstrap = z.infer<typeof bootstrapSchema>;
