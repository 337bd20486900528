import type {OpeningHop} from '#shared/protocol/control/open-session.ts';
import {FRAME_HEADER_BYTES, MAX_FRAME_BYTES} from '#shared/protocol/frame/frame.ts';
import {dataFrame, newSessionId} from './attack-frames.ts';

const AT = {magic: 0, kind: 1, dtype: 2, flags: 3, tokenCount: 20, reserved: 26} as const;

/** Bytes that look like a frame in part, or not at all. */
export function malformedFrames(): readonly Uint8Array[] {
  const good = dataFrame({sessionId: newSessionId()});
  const withByte = (offset: number, value: number): Uint8Array => {
    const frame = good.slice();
    frame[offset] = value;
    return frame;
  };
  return [
    new Uint8Array(0),
    new Uint8Array(1),
    good.subarray(0, FRAME_HEADER_BYTES - 1),
    withByte(AT.magic, 0x58),
    withByte(AT.kind, 5),
    withByte(AT.kind, 255),
    withByte(AT.dtype, 4),
    withByte(AT.dtype, 1),
    withByte(AT.flags, 4),
    withByte(AT.tokenCount, 0),
    withByte(AT.tokenCount, 9),
    withByte(AT.tokenCount + 3, 255),
    withByte(AT.reserved, 1),
    good.subarray(0, FRAME_HEADER_BYTES),
    new Uint8Array(MAX_FRAME_BYTES),
    new Uint8Array(MAX_FRAME_BYTES).fill(0x57),
  ];
}

/** Control messages that no schema allows, and openings whose chain covers no model. */
export function malformedMessages(
  good: Readonly<Record<string, unknown>>,
  hops: readonly OpeningHop[],
): readonly unknown[] {
  const [first, last] = [hops[0], hops.at(-1)];
  const change = (changes: Readonly<Record<string, unknown>>) => ({...good, ...changes});
  return [
    null,
    [],
    7,
    {},
    {kind: 'format-disk'},
    {kind: '__proto__'},
    {kind: 'close-session', reason: 'revenge'},
    {kind: 'session-failed', hopIndex: 0, code: 'NO_SUCH_CODE'},
    {kind: 'session-failed', hopIndex: -1, code: 'KV_FULL'},
    change({protocolMajor: '1'}),
    change({protocolMajor: 0}),
    change({manifestHash: 'short'}),
    change({clientId: ''}),
    change({clientId: 'x'.repeat(129)}),
    change({hopIndex: 2}),
    change({hopIndex: -1}),
    change({hops: []}),
    change({hops: Array.from({length: 65}, () => first)}),
    change({hops: [{...first, endLayer: 0}, last]}),
    change({hops: [{...first, startLayer: -5}, last]}),
    change({promptTokens: 0}),
    change({promptTokens: 1.5}),
    change({promptTokens: 1e9}),
    change({maxNewTokens: null}),
    change({sampling: null}),
    change({sampling: {temperature: -1, topK: 0, topP: 1, seed: 0, topLogprobs: 0}}),
    change({sampling: {temperature: 0, topK: 0, topP: 0, seed: 0, topLogprobs: 0}}),
    change({sampling: {temperature: 0, topK: 0, topP: 1, seed: 2 ** 32, topLogprobs: 0}}),
    change({sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 1_000}}),
    change({counted: [[1, 0]]}),
    // Well-formed, and no chain: a hole, an overlap, a cut off the grid, layers that the model does not have.
    change({hops: [first]}),
    change({hops: [first, {...last, startLayer: 0}]}),
    change({hops: [{...first, endLayer: (first?.endLayer ?? 0) + 1}, last]}),
    change({hops: [first, {...last, endLayer: 10_000}]}),
  ];
}
