import {WeftError} from '#shared/errors.ts';

type Detail =
  | {readonly code: 'CONFIG_INVALID'; readonly variable: string}
  | {readonly code: 'STATIC_DIR_MISSING'; readonly staticDir: string}
  | {readonly code: 'PORT_TAKEN'; readonly port: number}
  | {readonly code: 'LISTEN_FAILED'; readonly port: number};

/** The signal server cannot start; the message says what to change. */
export class ServerError extends WeftError<Detail> {
  override readonly name = 'ServerError';
}
