import {describe, expect, test} from 'vitest';
import {asManifestHash, asPeerId, asSessionId} from '../base/ids.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {
  CLIENT_HOP,
  encodeFrame,
  FRAME_HEADER_BYTES,
  parseFrame,
  type Frame,
  type FrameKind,
} from './frame/frame.ts';
import type {Message} from './control/message.ts';
import {
  decodeSampledTokens,
  encodeSampledTokens,
  type SampledToken,
} from './frame/sampled-token.ts';
import {decodeTokenIds, encodeTokenIds} from './frame/token-ids.ts';
import {addToken, emptyMask, encodeTokenMask} from './frame/token-mask.ts';

const sessionId = asSessionId('0123456789abcdef');
const common = {sessionId, epoch: 2, position: 258, hopIndex: 3, sample: false, verify: false};

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(' ', '').match(/../gu) ?? [], (pair) => Number.parseInt(pair, 16));

const sampled: readonly SampledToken[] = [
  {tokenId: 65_537, logprob: -0.5, top: [{tokenId: 65_537, logprob: -0.5}]},
  {tokenId: 7, logprob: -2, top: [{tokenId: 8, logprob: -1}]},
];

const PAYLOADS = {
  tokenIds: '05000000 000c0000',
  sampled: '01000100 000000bf 01000100 000000bf 07000000 000000c0 08000000 000080bf',
} as const;

const maskOf = (tokenIds: readonly number[]) => {
  const mask = emptyMask(40);
  for (const tokenId of tokenIds) addToken(mask, tokenId);
  return encodeTokenMask(mask);
};

type Golden<T> = {readonly value: T; readonly bytes: string};

/** Every kind must be here. Header by field: magic, kind, dtype, flags; session; epoch; position; tokens; hop, 0. Then the payload. */
const FRAMES: Readonly<Record<Exclude<FrameKind, 'control'>, readonly Golden<Frame>[]>> = {
  tokens: [
    {
      value: {
        ...common,
        kind: 'tokens',
        dtype: 'u32',
        sample: true,
        tokenCount: 2,
        payload: encodeTokenIds([5, 3072]),
      },
      bytes: `57000301 efcdab8967452301 02000000 02010000 02000000 0300 0000 ${PAYLOADS.tokenIds}`,
    },
  ],
  hidden: [
    {
      value: {
        ...common,
        kind: 'hidden',
        dtype: 'f16',
        sample: true,
        verify: true,
        tokenCount: 2,
        payload: Uint8Array.of(0, 60, 0, 188),
      },
      bytes: '57010103 efcdab8967452301 02000000 02010000 02000000 0300 0000 003c00bc',
    },
    {
      value: {
        ...common,
        kind: 'hidden',
        dtype: 'f32',
        tokenCount: 1,
        payload: Uint8Array.of(0, 0, 128, 63),
      },
      bytes: '57010200 efcdab8967452301 02000000 02010000 01000000 0300 0000 0000803f',
    },
  ],
  sampled: [
    {
      value: {
        ...common,
        kind: 'sampled',
        dtype: 'none',
        hopIndex: CLIENT_HOP,
        tokenCount: 2,
        payload: encodeSampledTokens(sampled),
      },
      bytes: `57020000 efcdab8967452301 02000000 02010000 02000000 ffff 0000 ${PAYLOADS.sampled}`,
    },
  ],
  mask: [
    {
      value: {...common, kind: 'mask', ...maskOf([5, 33])},
      bytes: '57040300 efcdab8967452301 02000000 02010000 02000000 0300 0000 05000000 21000000',
    },
    {
      value: {...common, kind: 'mask', ...maskOf([0, 31, 39])},
      bytes: '57040000 efcdab8967452301 02000000 02010000 03000000 0300 0000 01000080 80000000',
    },
  ],
};

const hop = {peerId: asPeerId('a'), startLayer: 0, endLayer: 2, warmPosition: 9};
const MESSAGES: {readonly [K in Message['kind']]: Golden<Extract<Message, {kind: K}>>} = {
  'open-session': {
    value: {
      kind: 'open-session',
      protocolMajor: 2,
      protocolMinor: 0,
      epoch: 2,
      keep: 'after-loss',
      manifestHash: asManifestHash('ab'.repeat(32)),
      clientId: asPeerId('c'),
      hopIndex: 0,
      hops: [hop],
      promptTokens: 5,
      maxNewTokens: 6,
      sampling: {
        temperature: 0.5,
        topK: 40,
        topP: 0.9,
        seed: 7,
        topLogprobs: 1,
        logitBias: [[8, -1.5]],
        frequencyPenalty: 0.25,
        presencePenalty: 2,
        guided: true,
      },
      counted: [[9, 3]],
    },
    bytes: `{"kind":"open-session","protocolMajor":2,"protocolMinor":0,"epoch":2,"keep":"after-loss","manifestHash":"${'ab'.repeat(32)}","clientId":"c","hopIndex":0,"hops":[{"peerId":"a","startLayer":0,"endLayer":2,"warmPosition":9}],"promptTokens":5,"maxNewTokens":6,"sampling":{"temperature":0.5,"topK":40,"topP":0.9,"seed":7,"topLogprobs":1,"logitBias":[[8,-1.5]],"frequencyPenalty":0.25,"presencePenalty":2,"guided":true},"counted":[[9,3]]}`,
  },
  'session-ready': {
    value: {kind: 'session-ready', inputFrom: [9, 0]},
    bytes: '{"kind":"session-ready","inputFrom":[9,0]}',
  },
  'session-failed': {
    value: {kind: 'session-failed', hopIndex: 1, code: 'KV_FULL'},
    bytes: '{"kind":"session-failed","hopIndex":1,"code":"KV_FULL"}',
  },
  'close-session': {
    value: {
      kind: 'close-session',
      reason: 'done',
      served: [{hopIndex: 0, decodeSteps: 3, serviceMs: 1.25, waitMs: 0}],
    },
    bytes:
      '{"kind":"close-session","reason":"done","served":[{"hopIndex":0,"decodeSteps":3,"serviceMs":1.25,"waitMs":0}]}',
  },
  'session-served': {
    value: {
      kind: 'session-served',
      hops: [{hopIndex: 0, decodeSteps: 3, serviceMs: 1.25, waitMs: 0}],
    },
    bytes:
      '{"kind":"session-served","hops":[{"hopIndex":0,"decodeSteps":3,"serviceMs":1.25,"waitMs":0}]}',
  },
  truncate: {
    value: {kind: 'truncate', epoch: 2, position: 258},
    bytes: '{"kind":"truncate","epoch":2,"position":258}',
  },
  'replay-from': {
    value: {kind: 'replay-from', epoch: 2, hopIndex: 0, position: 258},
    bytes: '{"kind":"replay-from","epoch":2,"hopIndex":0,"position":258}',
  },
  'kept-from': {
    value: {kind: 'kept-from', epoch: 2, hopIndex: 0, position: 258},
    bytes: '{"kind":"kept-from","epoch":2,"hopIndex":0,"position":258}',
  },
};

describe('[PV1] the bytes on the wire are those of this version:', () => {
  test.each(Object.values(FRAMES).flat())('$value.kind in $value.dtype', ({value, bytes}) => {
    expect(hexOf(encodeFrame(value))).toBe(bytes.replaceAll(' ', ''));
    expect(parseFrame(bytesOf(bytes))).toEqual(value);
  });

  test('token ids', () => {
    expect(hexOf(encodeTokenIds([5, 3072]))).toBe(PAYLOADS.tokenIds.replaceAll(' ', ''));
    expect([...decodeTokenIds(bytesOf(PAYLOADS.tokenIds))]).toEqual([5, 3072]);
  });

  test('sampled tokens', () => {
    expect(hexOf(encodeSampledTokens(sampled))).toBe(PAYLOADS.sampled.replaceAll(' ', ''));
    const payload = bytesOf(PAYLOADS.sampled);
    expect(decodeSampledTokens({payload, tokenCount: 2})).toEqual(sampled);
  });

  test.each(Object.values(MESSAGES))('message $value.kind', ({value, bytes: json}) => {
    const header = '57030000 efcdab8967452301 02000000 00000000 00000000 0300 0000';
    const bytes = encodeControlFrame({sessionId, epoch: 2, hopIndex: 3}, value);
    expect(hexOf(bytes.subarray(0, FRAME_HEADER_BYTES))).toBe(header.replaceAll(' ', ''));
    expect(new TextDecoder().decode(bytes.subarray(FRAME_HEADER_BYTES))).toBe(json);
    const golden = bytesOf(`${header}${hexOf(new TextEncoder().encode(json))}`);
    expect(decodeControlFrame(parseFrame(golden))).toEqual(value);
  });
});
