import {assert} from '#shared/base/assert.ts';
import type {SessionId} from '#shared/base/ids.ts';
import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import {
  chainWith,
  closing,
  controlFrame,
  dataFrame,
  hopIndexOf,
  newSessionId,
  opening,
} from './attack-frames.ts';
import type {HostileWorld, Victim} from './hostile-world.ts';
import {malformedFrames, malformedMessages} from './malformed.ts';

/** How often each code. */
export type Counts = Readonly<Record<string, number>>;

type Shot = {readonly code: RefusalCode; readonly frame: Uint8Array};

const SMALL_BYTES = 1_024;

/**
 * Messages of every kind in turn, a good part of them against the session of
 * somebody else, and what the victim must count for them.
 *
 * @param options.sessionId of an answer that `victim` serves for an honest client.
 */
export function mixedAttack(
  world: HostileWorld,
  {victim, sessionId, count}: {victim: Victim; sessionId: SessionId; count: number},
): {readonly frames: readonly Uint8Array[]; readonly counts: Counts} {
  const shots = Array.from({length: count}, (_, i) => shotOf(world, {victim, sessionId, turn: i}));
  const counts: Record<string, number> = {};
  for (const {code} of shots) counts[code] = (counts[code] ?? 0) + 1;
  return {frames: shots.map(({frame}) => frame), counts};
}

function shotOf(
  world: HostileWorld,
  {victim, sessionId, turn}: {victim: Victim; sessionId: SessionId; turn: number},
): Shot {
  const hopIndex = hopIndexOf(victim);
  const refused = (code: RefusalCode, changes: Readonly<Record<string, unknown>>): Shot => ({
    code,
    frame: controlFrame({sessionId: newSessionId(), hopIndex}, opening(world, victim, changes)),
  });
  const stolen = (content: unknown): Uint8Array => controlFrame({sessionId, hopIndex}, content);
  const {contextTokens} = world.model.manifest.spec;
  const good = opening(world, victim);
  const kinds: readonly (() => Shot)[] = [
    () => ({code: 'MALFORMED_FRAME', frame: pick(smallMalformedFrames(), turn)}),
    () => {
      const messages = malformedMessages(good, chainWith(world, victim));
      return {code: 'MALFORMED_MESSAGE', frame: stolen(pick(messages, turn))};
    },
    () => ({code: 'UNKNOWN_SESSION', frame: dataFrame({sessionId: newSessionId(), hopIndex})}),
    () => ({code: 'MISADDRESSED', frame: dataFrame({sessionId, hopIndex})}),
    () => ({code: 'MISADDRESSED', frame: closing(sessionId, victim)}),
    () => ({
      code: 'MISADDRESSED',
      frame: stolen({kind: 'session-failed', hopIndex: 1, code: 'ENGINE_LOST'}),
    }),
    () => ({code: 'SESSION_EXISTS', frame: stolen(good)}),
    () => refused('VERSION_MISMATCH', {protocolMajor: 7}),
    () => refused('WRONG_MODEL', {manifestHash: 'ef'.repeat(32)}),
    () => refused('PROMPT_TOO_LONG', {promptTokens: contextTokens + 1}),
  ];
  return pick(kinds, turn)();
}

function smallMalformedFrames(): readonly Uint8Array[] {
  return malformedFrames().filter(({byteLength}) => byteLength < SMALL_BYTES);
}

function pick<T>(list: readonly T[], turn: number): T {
  const item = list[turn % list.length];
  assert(item !== undefined, 'the list is not empty');
  return item;
}
