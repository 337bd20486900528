import {shortText} from '#shared/base/short-text.ts';
import type {WeftOptions} from '../../public/client.d.ts';
import {invalidValue, unsupportedParameter} from './client-faults.ts';
import type {AskTarget} from './chat-way.ts';
import {siteUrlOf} from './site-url.ts';

/**
 * What a client asks, as a program wrote it.
 *
 * @param folder where this module came from: a server, or a folder of files.
 * @throws {WeftError} `INVALID_VALUE`, `UNSUPPORTED_PARAMETER`, `SERVER_INVALID`.
 */
export function readOptions(options: WeftOptions | undefined, folder: string): AskTarget {
  const {server = folder, model = '', ...others} = readObject<WeftOptions>('options', options);
  const [other] = Object.keys(others);
  if (other !== undefined) throw unsupportedParameter(shortText(other));
  if (typeof model !== 'string')
    throw invalidValue('model', 'an id of the catalogue of the server');
  return {serverUrl: siteUrlOf(server), model};
}

/** Options are an object, or left out. @throws {WeftError} `INVALID_VALUE`. */
export function readObject<T extends object>(
  name: string,
  value: Partial<T> | undefined,
): Partial<T> {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidValue(name, 'an object, or left out');
}

/** Ends what either ends. @throws {WeftError} `INVALID_VALUE`. */
export function eitherSignal(own: AbortSignal, given: AbortSignal | null | undefined): AbortSignal {
  if (given == null) return own;
  // Those of a frame are of another class with the same name.
  if (Object.prototype.toString.call(given) !== '[object AbortSignal]') {
    throw invalidValue('signal', 'an AbortSignal');
  }
  return AbortSignal.any([own, given]);
}
