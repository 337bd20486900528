import {isWeftError, WeftError} from '#shared/base/errors.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';

type Detail =
  | {readonly code: 'SERVER_UNREACHABLE'; readonly siteUrl: string}
  | {readonly code: 'WEBSOCKET_BLOCKED'; readonly siteUrl: string}
  | {readonly code: 'NO_RELAY_PLACE'; readonly siteUrl: string};

class JoinFailedError extends WeftError<Detail> {
  override readonly name = 'JoinFailedError';
}

type Options = {
  readonly siteUrl: string;
  /** Of the link when the time to join was over. */
  readonly state: ServerLinkState | null;
  readonly cause: unknown;
};

/** What kept a tab from joining in time, by how far it came. */
export function joinFailure({siteUrl, state, cause}: Options): JoinFailedError {
  if (state?.kind === 'connected') {
    return new JoinFailedError(
      {code: 'NO_RELAY_PLACE', siteUrl},
      `Cannot join the swarm: the signal server of ${siteUrl} has no place at its relay for this tab; try again in a minute`,
      {cause},
    );
  }
  const lastCause = state?.lastCause ?? cause;
  if (isWeftError(lastCause) && lastCause.detail.code === 'SERVER_SOCKET_FAILED') {
    return new JoinFailedError(
      {code: 'WEBSOCKET_BLOCKED', siteUrl},
      `Cannot join the swarm: ${siteUrl} answers, but no WebSocket to it can be opened; a proxy, a filter or an extension may block it`,
      {cause: lastCause},
    );
  }
  return new JoinFailedError(
    {code: 'SERVER_UNREACHABLE', siteUrl},
    `Cannot join the swarm: the signal server of ${siteUrl} does not answer; check the network and try again`,
    {cause: lastCause},
  );
}
