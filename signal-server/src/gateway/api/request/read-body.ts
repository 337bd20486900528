import type {HonoRequest} from 'hono';
import {compressed, invalidRequest} from '../../errors/api-error.ts';

/**
 * The text of a body, whatever type it says to have: what is no JSON shows when it is read.
 *
 * @throws {ApiError} for one that is not a text.
 */
export async function readBody(
  request: Pick<HonoRequest, 'header' | 'arrayBuffer'>,
): Promise<string> {
  const encoding = request.header('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw compressed(encoding);
  const bytes = await request.arrayBuffer();
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    throw invalidRequest('invalid_json', 'The body of the request is not UTF-8', null);
  }
}
