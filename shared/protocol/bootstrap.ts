import * as z from 'zod';
import {asPeerId, asSwarmId} from '../base/ids.ts';
import {iceServerSchema} from './ice-server.ts';

const peerIdSchema = z.string().min(1).max(64).transform(asPeerId);
const addressesSchema = z.array(z.string().min(1).max(512)).min(1).max(8).readonly();

/** A signal server beside the one that was asked: another relay and directory of the same swarm. */
const namedServerSchema = z.object({peerId: peerIdSchema, addresses: addressesSchema}).readonly();

/** What a signal server tells a tab that wants to join: `GET /api/bootstrap`. */
export const bootstrapSchema = z
  .object({
    /** The server's libp2p peer: relay for signaling, DHT seed, directory. */
    peerId: peerIdSchema,
    /** Multiaddrs of the server, by the host under which the tab found it. */
    addresses: addressesSchema,
    /** Unix ms on the server's clock, by which records are dated. */
    nowMs: z.int().nonnegative(),
    swarmId: z.string().min(1).max(64).transform(asSwarmId),
    protocolMajor: z.int().nonnegative(),
    /** The other servers that records go to and that a tab keeps a connection with. */
    peers: z.array(namedServerSchema).max(4).default([]).readonly(),
    /**
     * STUN and TURN servers for WebRTC; empty when peers reach each other
     * directly. Credentials may be minted for the client and are valid for 24 hours:
     * a tab that stays open asks again at each reconnection and every few hours,
     * and uses the latest answer for each new connection.
     */
    iceServers: z.array(iceServerSchema).max(8).readonly(),
  })
  .readonly();

export type Bootstrap = z.infer<typeof bootstrapSchema>;
export type NamedServer = z.infer<typeof namedServerSchema>;
