import {assert} from '#shared/base/assert.ts';
import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {runStep} from '../../../web/src/node/engine/run-step.ts';
import type {ShardRunner, ShardStep} from '../../../web/src/node/engine/shard-runner.ts';

export type Together = {
  /** Of each session, which opens when a group first names it. */
  readonly prompts: readonly (readonly number[])[];
  /** Sessions by number: those of a group make one step together; a session is closed behind its last. */
  readonly groups: readonly (readonly number[])[];
};
type Logits = readonly (readonly [tokenId: number, logit: number])[];

const tokenAt = (session: number, position: number): number => (7 * session + 37 * position) % 290;

type Given = {
  /** What each step of each session gives, in order. */
  readonly logits: readonly (readonly Logits[])[];
  /** What all open sessions take behind each group. */
  readonly kvBytes: readonly number[];
};

/** Runs the steps of each group as one. */
export async function runTogether(
  runner: ShardRunner,
  {prompts, groups}: Together,
): Promise<Given> {
  const {range} = runner;
  const positions = new Map<number, number>();
  const given: Logits[][] = prompts.map(() => []);
  const kvBytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    for (const session of group) {
      const rest = groups.slice(at).filter((later) => later.includes(session)).length;
      const position = positions.get(session);
      // What is reserved grows once on the way, by what is still to come.
      if (position === undefined) positions.set(session, await begin(runner, session, prompts));
      else if (rest === 2) await runner.openSession(idOf(session), position + rest + 40);
    }
    const steps = group.map((session): ShardStep => {
      const position = positions.get(session) ?? 0;
      const tokenIds = Uint32Array.of(tokenAt(session, position));
      const input = {kind: 'tokens', tokenIds} as const;
      return {sessionId: idOf(session), position, tokenCount: 1, input, range, output: 'logits'};
    });
    const results = await runner.run(steps);
    kvBytes.push(runner.memory().kvBytes);
    for (const [index, session] of group.entries()) {
      const result = results[index];
      assert(result?.kind === 'ran' && result.output.kind === 'logits', 'a step gives logits');
      given[session]?.push(logitsOf(result.output.top));
      positions.set(session, (positions.get(session) ?? 0) + 1);
      const isLast = groups.slice(at + 1).every((later) => !later.includes(session));
      if (isLast) await runner.closeSession(idOf(session));
    }
  }
  return {logits: given, kvBytes};
}

async function begin(
  runner: ShardRunner,
  session: number,
  prompts: readonly (readonly number[])[],
): Promise<number> {
  const tokenIds = Uint32Array.from(prompts[session] ?? []);
  const sessionId = idOf(session);
  await runner.openSession(sessionId, tokenIds.length + 16);
  const input = {kind: 'tokens', tokenIds} as const;
  const piece = {sessionId, position: 0, tokenCount: tokenIds.length, input};
  await runStep(runner, {...piece, range: runner.range, output: 'none'});
  return tokenIds.length;
}

function idOf(session: number): SessionId {
  return asSessionId(`together-${session}`);
}

function logitsOf({tokenIds, logits}: TopLogits): Logits {
  return Array.from(tokenIds, (id, at) => [id, logits[at] ?? Number.NaN] as const);
}
