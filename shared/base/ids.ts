declare const brand: unique symbol;
type Brand<T, Name extends string> = T & {readonly [brand]: Name};

/** libp2p peer id in its base58btc text form. */
export type PeerId = Brand<string, 'PeerId'>;
/** One answer, from prompt to stop token: 16 hex digits (8 bytes), random, chosen by the client. */
export type SessionId = Brand<string, 'SessionId'>;
/** SHA-256 of a model's manifest, 64 hex digits: the identity of a model. */
export type ManifestHash = Brand<string, 'ManifestHash'>;
/** Which swarm a record belongs to: `public`, or the id in an invite. */
export type SwarmId = Brand<string, 'SwarmId'>;

// The only casts to a branded id: the lint rule is off for this file alone.
export const asPeerId = (text: string): PeerId => text as PeerId;
export const asSessionId = (text: string): SessionId => text as SessionId;
export const asManifestHash = (text: string): ManifestHash => text as ManifestHash;
export const asSwarmId = (text: string): SwarmId => text as SwarmId;
