import {createHmac} from 'node:crypto';
import type {IceServer} from '#shared/protocol/ice-server.ts';

type IceConfig = {
  readonly iceServers: readonly IceServer[];
  readonly turnUrls: readonly string[];
  readonly turnSecret: string | null;
};

/** As the draft recommends: a tab that asks every few hours always has credentials that hold. */
export const TURN_CREDENTIAL_TTL_SECONDS = 86_400;

/**
 * The ICE servers for one client: those of the configuration, and the TURN
 * servers with a credential that ends by itself. TURN servers that know the
 * secret check it without asking anybody.
 *
 * Source: coturn's `use-auth-secret`, draft-uberti-behave-turn-rest-00.
 */
export function mintIceServers(config: IceConfig, nowMs: number): readonly IceServer[] {
  const {iceServers, turnUrls, turnSecret} = config;
  if (turnUrls.length === 0 || turnSecret === null) return iceServers;
  const username = `${Math.floor(nowMs / 1000) + TURN_CREDENTIAL_TTL_SECONDS}:weft`;
  // The scheme is SHA-1; a MAC does not need resistance against collisions.
  const credential = createHmac('sha1', turnSecret).update(username).digest('base64');
  return [...iceServers, {urls: turnUrls, username, credential}];
}
