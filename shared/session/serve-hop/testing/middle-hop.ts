import {asManifestHash, asPeerId, asSessionId, type PeerId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {HOP_LIMITS} from '../hop-session/hop-context.ts';
import {HopMachine} from '../hop-machine.ts';
import type {HopAction} from '../hop-session/hop-action.ts';

export const SESSION = asSessionId('0123456789abcdef');
export const CLIENT = asPeerId('client');
export const HEAD = asPeerId('head');
export const MID = asPeerId('mid');
export const TAIL = asPeerId('tail');
export const OTHER = asPeerId('other');
export const HIDDEN_SIZE = 2;
export const VOCABULARY_SIZE = 40;
export const KEEP_MS = 1_000;

/** The middle of three hops, whose prompt has four tokens and whose answer has four. */
export function opening(
  changes: Partial<OpenSession> & {readonly warm?: readonly number[]} = {},
): OpenSession {
  const {warm = [0, 0, 0], ...rest} = changes;
  const hops = [HEAD, MID, TAIL].map((peerId, at) => ({
    peerId,
    startLayer: 2 * at,
    endLayer: 2 * at + 2,
    warmPosition: warm[at] ?? 0,
  }));
  return {
    kind: 'open-session',
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    epoch: 0,
    keep: 'after-loss',
    manifestHash: asManifestHash('ab'.repeat(32)),
    clientId: CLIENT,
    hopIndex: 1,
    hops,
    promptTokens: 4,
    maxNewTokens: 4,
    sampling: {temperature: 0, topK: 0, topP: 1, seed: 0, topLogprobs: 0},
    ...rest,
  };
}

/** The machine of the middle of three hops, with an engine that does all at once. */
export class MiddleHop {
  readonly machine: HopMachine;
  nowMs = 0;

  constructor(limits: Partial<typeof HOP_LIMITS> = {}) {
    this.machine = new HopMachine({
      self: MID,
      manifestHash: asManifestHash('ab'.repeat(32)),
      grid: {layerCount: 6, cutEvery: 1},
      contextTokens: 64,
      hiddenSize: HIDDEN_SIZE,
      vocabularySize: VOCABULARY_SIZE,
      limits: {...HOP_LIMITS, keepMs: KEEP_MS, ...limits},
      checkPayload: () => null,
    });
    this.machine.serve({startLayer: 0, endLayer: 6, embedding: true, lmHead: true});
  }

  hear(message: Message, {from = HEAD, epoch = 0, sessionId = SESSION} = {}): readonly HopAction[] {
    return this.machine.hear({from, sessionId, epoch}, message, this.nowMs);
  }

  /** Opens, reserves and links; the engine goes on where it was asked to. */
  open(open = opening(), sessionId = SESSION, from = HEAD): readonly HopAction[] {
    const {epoch} = open;
    const heard = this.hear(open, {from, epoch, sessionId});
    const reserving = heard.find((action) => action.kind === 'reserve');
    const position = reserving?.position ?? 0;
    return [
      ...heard,
      ...this.machine.step(sessionId, {kind: 'reserved', epoch, position}),
      ...this.machine.step(sessionId, {kind: 'linked', epoch}),
    ];
  }

  frame(
    position: number,
    changes: Partial<Frame> & {readonly from?: PeerId} = {},
  ): readonly HopAction[] {
    const {from = HEAD, ...fields} = changes;
    const frame: Frame = {
      kind: 'hidden',
      dtype: 'f16',
      sample: false,
      verify: false,
      sessionId: SESSION,
      epoch: 0,
      position,
      tokenCount: 1,
      hopIndex: 1,
      payload: new Uint8Array(0),
      ...fields,
    };
    return this.machine.receive(from, frame, this.nowMs);
  }

  /** Runs all that waits: the hidden state of a token is made of its position. */
  run(): readonly HopAction[] {
    const actions: HopAction[] = [];
    for (let turns = this.machine.take(8); turns.length > 0; turns = this.machine.take(8)) {
      for (const turn of turns) {
        const {position, tokenCount} = turn.frame;
        const bytes = Uint8Array.from(
          {length: tokenCount * 2 * HIDDEN_SIZE},
          (_, i) => position + Math.floor(i / (2 * HIDDEN_SIZE)),
        );
        const output = {kind: 'hidden', dtype: 'f16', bytes} as const;
        actions.push(...this.machine.ran(turn, output, this.nowMs));
        this.machine.release(turn);
      }
    }
    return actions;
  }

  /** The prompt and some tokens of the answer have run. */
  serveUntil(position: number): void {
    this.open();
    this.frame(0, {tokenCount: 4});
    for (let at = 4; at < position; at += 1) this.frame(at);
    this.run();
  }
}

export const sent = (actions: readonly HopAction[]) =>
  actions.flatMap((action) =>
    action.kind === 'send-states'
      ? [
          {
            position: action.states.position,
            tokenCount: action.states.tokenCount,
            values: action.states.parts.flatMap((part) => [...part]).filter((_, i) => i % 4 === 0),
            epoch: action.place.epoch,
          },
        ]
      : [],
  );
export const replies = (actions: readonly HopAction[]) =>
  actions.flatMap((action) => (action.kind === 'tell' ? [{to: action.to, ...action.message}] : []));
export const kindsOf = (actions: readonly HopAction[]) => actions.map(({kind}) => kind);
export const failed = (code: string, hopIndex = 1) => ({kind: 'session-failed', hopIndex, code});
