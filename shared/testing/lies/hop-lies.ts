import type {Message} from '#shared/protocol/control/message.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {CLIENT_HOP, parseFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {
  decodeSampledTokens,
  encodeSampledTokens,
  type SampledToken,
} from '#shared/protocol/frame/sampled-token.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import type {Distort, LiedSession, Outgoing} from './lying-transport.ts';

/** Where in a chain of three a hop can tell a lie. */
export type Place = 'head' | 'mid' | 'tail';

export type HopLie = {
  readonly what: string;
  readonly at: readonly Place[];
  readonly distort: Distort;
  /** It is noticed only when the time for an answer is over. */
  readonly isSlow?: boolean;
  /** What a client sees is another hop's doing: no more can be known than that it was one of them. */
  readonly isFraming?: boolean;
};

const ANYWHERE: readonly Place[] = ['head', 'mid', 'tail'];
const TAIL: readonly Place[] = ['tail'];
const BEFORE_TAIL: readonly Place[] = ['head', 'mid'];
/** Tokens that a liar gives honestly before a lie that comes late. */
const HONEST_TOKENS = 3;
const DRIP_MS = 59_000;

const CODES = Object.keys(REFUSALS).filter((code): code is RefusalCode =>
  Object.hasOwn(REFUSALS, code),
);

/** Before the first token, after some honest ones, or beside an answer that is right. */
export type LieTime = 'early' | 'late' | 'beside';

export type LieName = {readonly when: LieTime; readonly what: string};

/** All lies of a hop that serves this model. */
export function hopLies({
  vocabularySize,
  endTokenIds,
}: Pick<ModelSpec, 'vocabularySize' | 'endTokenIds'>): Readonly<
  Record<LieTime, readonly HopLie[]>
> {
  const model = {vocabularySize, endTokenId: endTokenIds[0] ?? 0};
  return {early: earlyLies(model), late: lateLies(model), beside: BESIDE};
}

/** @throws when there is none of that name. */
export function lieNamed(
  {when, what}: LieName,
  model: Pick<ModelSpec, 'vocabularySize' | 'endTokenIds'>,
): HopLie {
  const found = hopLies(model)[when].find((lie) => lie.what === what);
  if (found === undefined) throw new Error(`There is no ${when} lie "${what}"`);
  return found;
}

type LiedModel = {readonly vocabularySize: number; readonly endTokenId: number};

function earlyLies(model: LiedModel): readonly HopLie[] {
  return [
    ...CODES.map((code) => ({
      what: `refuses with ${code}`,
      at: ANYWHERE,
      distort: inPlaceOfOpening((session) => [failure(session, code, session.open.hopIndex)]),
    })),
    ...CODES.map((code) => ({
      what: `blames another with ${code}`,
      at: ANYWHERE,
      distort: inPlaceOfOpening((session) => [failure(session, code, otherHop(session))]),
    })),
    {
      what: 'blames a hop that there is not',
      at: ANYWHERE,
      distort: inPlaceOfOpening((session) => [failure(session, 'PEER_LEFT', 63)]),
    },
    {what: 'says nothing', at: ANYWHERE, distort: () => [], isSlow: true},
    {
      what: 'takes the prompt and says nothing',
      at: ANYWHERE,
      distort: ({frame}) => (frame.kind === 'control' ? null : []),
      isSlow: true,
    },
    {
      what: 'is ready at a position that it was not asked for',
      at: TAIL,
      distort: inPlaceOfReady((inputFrom) => inputFrom.map(() => 7)),
    },
    {
      what: 'is ready for fewer hops',
      at: TAIL,
      distort: inPlaceOfReady((inputFrom) => inputFrom.slice(1)),
    },
    ...tokenLies(model, 0),
    {
      what: 'asks the tail for other likeliest tokens',
      at: BEFORE_TAIL,
      distort: passOn((open) => ({
        ...open,
        sampling: {...open.sampling, topLogprobs: open.sampling.topLogprobs + 1},
      })),
    },
    {
      what: 'makes up what the head holds',
      at: BEFORE_TAIL,
      distort: passOn((open) => ({
        ...open,
        hops: open.hops.map((hop, at) => (at === 0 ? {...hop, warmPosition: 7} : hop)),
      })),
    },
    {what: 'asks for guessed tokens to be verified', at: BEFORE_TAIL, distort: askToVerify},
    {
      what: 'ends before the first word',
      at: TAIL,
      distort: inPlaceOfTokens(0, () => [{tokenId: model.endTokenId, logprob: -0.1, top: []}]),
    },
  ];
}

function lateLies(model: LiedModel): readonly HopLie[] {
  return [
    ...(['PEER_LEFT', 'PROMPT_TOO_LONG', 'VERSION_MISMATCH', 'BAD_PAYLOAD'] as const).map(
      (code) => ({
        what: `refuses with ${code}`,
        at: ['head'] as const,
        distort: late((session) => [failure(session, code, session.open.hopIndex)]),
      }),
    ),
    {
      what: 'blames another with PEER_LEFT',
      at: ANYWHERE,
      distort: late((session) => [failure(session, 'PEER_LEFT', otherHop(session))]),
      isFraming: true,
    },
    {
      what: 'runs a step twice',
      at: BEFORE_TAIL,
      distort: doubleStep,
      isFraming: true,
    },
    {what: 'falls silent', at: ANYWHERE, distort: fallSilent(), isSlow: true},
    ...tokenLies(model, HONEST_TOKENS),
    {
      what: 'sends a token every 59 s',
      at: TAIL,
      distort: drip,
      isSlow: true,
    },
  ];
}

function tokenLies({vocabularySize}: LiedModel, after: number): readonly HopLie[] {
  const other = (change: Partial<SampledToken>) =>
    inPlaceOfTokens(after, (tokens) => tokens.map((token) => ({...token, ...change})));
  return [
    {
      what: 'sends a token outside the vocabulary',
      at: TAIL,
      distort: other({tokenId: vocabularySize}),
    },
    {what: 'sends a token of no probability', at: TAIL, distort: other({logprob: NaN})},
    {what: 'sends a token of more than all probability', at: TAIL, distort: other({logprob: 3})},
    {
      what: 'sends likeliest tokens that nobody asked for',
      at: TAIL,
      distort: other({top: [{tokenId: 1, logprob: -1}]}),
    },
    {
      what: 'sends a token at another position',
      at: TAIL,
      distort: sampledFrom(after, (frame) => ({...frame, position: frame.position + 1})),
    },
    {
      what: 'sends too many bytes for a token',
      at: TAIL,
      distort: sampledFrom(after, (frame) => ({...frame, payload: new Uint8Array(8 * 40)})),
    },
    {
      what: 'sends a message that nobody can read',
      at: TAIL,
      distort: sampledFrom(after, (frame) => ({
        ...frame,
        kind: 'control',
        position: 0,
        tokenCount: 0,
        payload: new TextEncoder().encode('{'),
      })),
    },
  ];
}

/** A readiness, or the opening that goes on: what an honest hop sends once it has reserved. */
function openingOf({frame}: Outgoing): Message | null {
  if (frame.kind !== 'control') return null;
  const message = decodeControlFrame(frame);
  return message.kind === 'open-session' || message.kind === 'session-ready' ? message : null;
}

function inPlaceOfOpening(reply: (session: LiedSession) => readonly Outgoing[]): Distort {
  return (honest, session) => (openingOf(honest) === null ? null : reply(session));
}

function inPlaceOfReady(positions: (honest: readonly number[]) => readonly number[]): Distort {
  return (honest) => {
    const message = openingOf(honest);
    if (message?.kind !== 'session-ready') return null;
    const {to, frame} = honest;
    return [
      {to, frame: controlFrame(frame, {...message, inputFrom: positions(message.inputFrom)})},
    ];
  };
}

function tokensBefore({frame}: Outgoing, {open}: LiedSession): number {
  const position = frame.kind === 'sampled' ? frame.position : frame.position + frame.tokenCount;
  return position - open.promptTokens;
}

function sampledFrom(after: number, change: (honest: Frame) => Frame): Distort {
  return (honest, session) => {
    const {to, frame} = honest;
    if (frame.kind !== 'sampled' || tokensBefore(honest, session) < after) return null;
    // The head would refuse it too, and that would be another test.
    return frame.hopIndex === CLIENT_HOP ? [{to, frame: change(frame)}] : [];
  };
}

function inPlaceOfTokens(
  after: number,
  change: (honest: readonly SampledToken[]) => readonly SampledToken[],
): Distort {
  return sampledFrom(after, (frame) => ({
    ...frame,
    payload: encodeSampledTokens(change(decodeSampledTokens(frame))),
  }));
}

function late(reply: (session: LiedSession) => readonly Outgoing[]): Distort {
  return (honest, session) => {
    const isLate =
      honest.frame.kind !== 'control' && tokensBefore(honest, session) >= HONEST_TOKENS;
    return isLate ? reply(session) : null;
  };
}

/** Also of what others say through it. */
function fallSilent(): Distort {
  const silent = new WeakSet<LiedSession>();
  return (honest, session) => {
    const isLate =
      honest.frame.kind !== 'control' && tokensBefore(honest, session) >= HONEST_TOKENS;
    if (isLate) silent.add(session);
    return silent.has(session) ? [] : null;
  };
}

/** The opening, as the next hop gets it. */
function passOn(change: (open: OpenSession) => OpenSession): Distort {
  return (honest) => {
    const message = openingOf(honest);
    if (message?.kind !== 'open-session') return null;
    const {to, frame} = honest;
    return [{to, frame: controlFrame(frame, change(message))}];
  };
}

const askToVerify: Distort = ({to, frame}) =>
  frame.kind === 'hidden' ? [{to, frame: {...frame, verify: true}}] : null;

/** The tail samples one position too late. */
const doubleStep: Distort = (honest, session) => {
  const {to, frame} = honest;
  if (frame.kind !== 'hidden' || tokensBefore(honest, session) < HONEST_TOKENS) return null;
  const payload = Uint8Array.from([...frame.payload, ...frame.payload]);
  return [{to, frame: {...frame, tokenCount: 2 * frame.tokenCount, payload}}];
};

/** The first token comes in time. */
const drip: Distort = (honest, session) => {
  const isLater = honest.frame.kind === 'sampled' && tokensBefore(honest, session) > 0;
  return isLater ? [{...honest, afterMs: DRIP_MS}] : null;
};

/** Tokens that nobody asked for. */
const goOn: Distort = (honest, session) => {
  const {to, frame} = honest;
  if (frame.kind !== 'sampled' || frame.hopIndex !== CLIENT_HOP) return null;
  if (tokensBefore(honest, session) + 1 < session.open.maxNewTokens) return null;
  return [0, 1, 2].map((more) => ({to, frame: {...frame, position: frame.position + more}}));
};

/** A thousand times what each measured. */
const makeUpTimes: Distort = ({to, frame}) => {
  const message = frame.kind === 'control' ? decodeControlFrame(frame) : null;
  if (message?.kind !== 'session-served') return null;
  const hops = message.hops.map((hop) => ({...hop, serviceMs: 1_000 * (hop.serviceMs + 1)}));
  return [{to, frame: controlFrame(frame, {...message, hops})}];
};

const BESIDE: readonly HopLie[] = [
  {what: 'goes on after the last token', at: TAIL, distort: goOn},
  {what: 'makes up what the others took', at: TAIL, distort: makeUpTimes},
];

function otherHop({open}: LiedSession): number {
  const last = open.hops.length - 1;
  return open.hopIndex === last ? 0 : last;
}

function failure(
  {sessionId, open, from}: LiedSession,
  code: RefusalCode,
  hopIndex: number,
): Outgoing {
  const up = open.hopIndex === 0 ? CLIENT_HOP : open.hopIndex - 1;
  const address = {sessionId, epoch: open.epoch, hopIndex: up};
  const message = {kind: 'session-failed', hopIndex, code} as const;
  return {to: from, frame: parseFrame(encodeControlFrame(address, message))};
}

function controlFrame(honest: Frame, message: Message): Frame {
  const {sessionId, epoch, hopIndex} = honest;
  return parseFrame(encodeControlFrame({sessionId, epoch, hopIndex}, message));
}
