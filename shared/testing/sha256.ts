/// <reference types="node" />
import {createHash} from 'node:crypto';

/** SHA-256 in hex, of bytes or of a text's UTF-8 form. */
export async function sha256(input: Uint8Array | string): Promise<string> {
  return createHash('sha256').update(input).digest('hex');
}
