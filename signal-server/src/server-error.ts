import {WeftError} from '#shared/base/errors.ts';

type Detail =
  | {readonly code: 'CONFIG_INVALID'; readonly variables: readonly string[]}
  | {readonly code: 'FOLDER_MISSING'; readonly variable: string}
  | {readonly code: 'KEY_FILE_INVALID'; readonly path: string}
  | {readonly code: 'KEY_FILE_UNUSABLE'; readonly path: string; readonly reason: string}
  | {readonly code: 'PORT_TAKEN'; readonly port: number}
  | {readonly code: 'LISTEN_FAILED'; readonly port: number};

/** The signal server cannot start; the message says what to change. */
export class ServerError extends WeftError<Detail> {
  override readonly name = 'ServerError';
}
