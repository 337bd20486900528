import type {Stream} from '@libp2p/interface';
import {lpStream} from '@libp2p/utils';
import {untilAborted} from '../../base/until-aborted.ts';
import {PROTOCOL_MAJOR} from '../../protocol/version.ts';
import type {HalfAtPort} from './half-at-port.ts';
import type {OpenedSubflow} from './link-channels.ts';

/** On a stream of its own: an offer, its answer, and that the end which answers is open. */
export const SUBFLOW_PROTOCOL = `/weft/subflow/${PROTOCOL_MAJOR}.0.0`;
/** A session description with the candidates of a machine with many networks. */
const MAX_DESCRIPTION_BYTES = 16 * 1024;
const OPEN = Uint8Array.of(1);

type Place = {
  readonly stream: Stream;
  readonly half: HalfAtPort;
  readonly subflow: OpenedSubflow;
  readonly signal: AbortSignal;
};

/** Rejects when there will be none: then frames go on as they did. */
export async function offerSubflow({stream, half, subflow, signal}: Place): Promise<void> {
  const messages = lpStream(stream, {maxDataLength: MAX_DESCRIPTION_BYTES});
  await messages.write(encode(await subflow.describe()), {signal});
  await subflow.accept(decode(await messages.read({signal})));
  await untilAborted(half.subflowOpened, signal);
  await messages.read({signal});
  half.divide();
}

/** Rejects when there will be none. */
export async function answerSubflow({stream, half, subflow, signal}: Place): Promise<void> {
  const messages = lpStream(stream, {maxDataLength: MAX_DESCRIPTION_BYTES});
  const offer = decode(await messages.read({signal}));
  await messages.write(encode(await subflow.describe(offer)), {signal});
  await untilAborted(half.subflowOpened, signal);
  half.expectDivision();
  await messages.write(OPEN, {signal});
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: {readonly subarray: () => Uint8Array}): string =>
  new TextDecoder().decode(bytes.subarray());
