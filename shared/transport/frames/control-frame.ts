import type {ControlAddress} from '../../protocol/frame/control-address.ts';
import {encodeFrame, type Frame} from '../../protocol/frame/frame.ts';
import {MalformedFrameError} from '../../protocol/frame/malformed-frame.ts';
import {parseMessage, type Message} from '../../protocol/control/message.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {fatal: true});

/** One message of the protocol as a frame, ready to send. */
export function encodeControlFrame(address: ControlAddress, message: Message): Uint8Array {
  return encodeFrame({
    ...address,
    kind: 'control',
    dtype: 'none',
    sample: false,
    verify: false,
    position: 0,
    tokenCount: 0,
    payload: encoder.encode(JSON.stringify(message)),
  });
}

/**
 * The message in a `control` frame.
 *
 * @throws {MalformedFrameError} when the payload is no JSON text, or names another epoch than the header.
 * @throws {MalformedMessageError} when it breaks the message's schema.
 */
export function decodeControlFrame(frame: Frame): Message {
  const message = parseMessage(readJson(frame.payload));
  if ('epoch' in message && message.epoch !== frame.epoch) {
    throw new MalformedFrameError(`epoch ${message.epoch} in a frame of epoch ${frame.epoch}`);
  }
  return message;
}

function readJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new MalformedFrameError(`the payload is no JSON: ${String(cause)}`);
  }
}
