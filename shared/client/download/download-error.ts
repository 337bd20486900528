import {WeftError} from '#shared/base/errors.ts';

/** Why a file did not come. */
export type DownloadFault =
  | 'no-connection'
  | 'stalled'
  | 'cut'
  /** The server asks to come back later. */
  | 'busy'
  /** The server does not give it. */
  | 'refused'
  | 'login-page'
  /** The server has no byte ranges: a volunteer must not download a model to serve a few layers of it. */
  | 'no-ranges'
  /** Bytes that were not asked for. */
  | 'wrong-bytes';

const NEXT_STEPS: Readonly<Record<DownloadFault, string>> = {
  'no-connection': 'check the network, then try again',
  stalled: 'check the network, then try again',
  cut: 'check the network, then try again',
  busy: 'try again in a few minutes',
  refused: 'tell whoever runs this site',
  'login-page': 'log in to this network, then try again',
  'no-ranges': 'tell whoever runs this site',
  'wrong-bytes': 'try again, and tell whoever runs this site if that does not help',
};

type Detail = {
  readonly code: 'DOWNLOAD_FAILED';
  readonly url: string;
  /** Of the last answer; `null` when none came. */
  readonly status: number | null;
  readonly fault: DownloadFault;
};

/** A file, or a part of one, that could not be had; the sentence says what to do. */
export class DownloadError extends WeftError<Detail> {
  override readonly name = 'DownloadError';

  constructor(
    {url, status, fault, reason}: Omit<Detail, 'code'> & {readonly reason: string},
    options?: ErrorOptions,
  ) {
    super(
      {code: 'DOWNLOAD_FAILED', url, status, fault},
      `Cannot download "${url}": ${reason}; ${NEXT_STEPS[fault]}`,
      options,
    );
  }
}
