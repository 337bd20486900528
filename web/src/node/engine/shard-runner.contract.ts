import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import type {TokenBias} from '#shared/session/token-bias.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {runStep} from './run-step.ts';
import type {ShardOutput, ShardRunner, ShardStep, StepResult} from './shard-runner.ts';

/**
 * A runner of a whole model, with embedding and LM head. The suite runs in vitest and,
 * bundled, in a page: so it brings its own assertions. Each rule leaves no session open.
 */
export type ShardUnderTest = {
  readonly runner: ShardRunner;
  /** What all sessions together may remember; at least 32. */
  readonly kvTokens: number;
};

export type ShardRule = {
  readonly name: string;
  readonly run: (shard: ShardUnderTest) => Promise<void>;
};

const A = asSessionId('00000000000000a1');
const B = asSessionId('00000000000000b2');
const C = asSessionId('00000000000000c3');
const D = asSessionId('00000000000000d4');
/** More than any shard has room for. */
const MANY = Array.from({length: 64}, (_, at) => asSessionId(`00000000000000${10 + at}`));
const PROMPT = [1, 2, 3, 4, 5];
const SESSION_TOKENS = 12;

function equal(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${what}: expected ${wanted}, found ${found}`);
}

/** An output as plain numbers, so that one bit more or less shows. */
function bitsOf(output: ShardOutput): unknown {
  if (output.kind === 'hidden') return [output.dtype, [...output.bytes]];
  if (output.kind === 'none') return [];
  const {tokenIds, logits, logSumExp} = output.top;
  return [[...tokenIds], [...logits], logSumExp];
}

function bitsOfTop(top: TopLogits | undefined): unknown {
  return top === undefined ? undefined : bitsOf({kind: 'logits', top});
}

function topOf(result: StepResult): TopLogits {
  if (result.kind === 'ran' && result.output.kind === 'logits') return result.output.top;
  throw new Error(`No logits: ${String(refusalOf(result))}`);
}

function refusalOf(result: StepResult | undefined): unknown {
  return result?.kind === 'refused' ? result.error.detail.code : result?.kind;
}

async function codeOf(action: Promise<unknown>): Promise<unknown> {
  try {
    await action;
    return 'done';
  } catch (error) {
    return error instanceof Error && 'detail' in error ? error.detail : error;
  }
}

/** At least one. */
function freeTokensIn(refusal: unknown): number {
  const free =
    refusal instanceof Object && 'kvTokensFree' in refusal ? Number(refusal.kvTokensFree) : 0;
  equal(free > 0, true, 'how much is left when a session was refused');
  return free;
}

function stepOf(
  {runner}: ShardUnderTest,
  sessionId: SessionId,
  {position, tokenIds}: {readonly position: number; readonly tokenIds: readonly number[]},
  output: ShardStep['output'] = 'hidden',
): ShardStep {
  const input = {kind: 'tokens', tokenIds: Uint32Array.from(tokenIds)} as const;
  const {range} = runner;
  return {sessionId, position, tokenCount: tokenIds.length, input, range, output};
}

/** Opens both sessions, or those named, and closes them whatever `act` does. */
async function inSessions<T>(
  {runner}: ShardUnderTest,
  act: () => Promise<T>,
  {sessionIds = [A, B], kvTokens = SESSION_TOKENS} = {},
): Promise<T> {
  for (const sessionId of sessionIds) await runner.openSession(sessionId, kvTokens);
  try {
    return await act();
  } finally {
    for (const sessionId of sessionIds) await runner.closeSession(sessionId);
  }
}

/**
 * The likeliest tokens of three sessions with these biases, that step together with a fourth that samples nothing
 * and comes first: so no row of logits has the place of its step.
 */
async function topsTogether(
  shard: ShardUnderTest,
  biases: readonly [TokenBias | undefined, TokenBias | undefined, TokenBias | undefined],
): Promise<readonly TopLogits[]> {
  const [silent, ...sampling] = [A, B, C, D] as const;
  const sessionIds = [silent, ...sampling];
  const piece = {position: PROMPT.length, tokenIds: [6]};
  const together = async () => {
    for (const id of sessionIds) {
      await runStep(shard.runner, stepOf(shard, id, {position: 0, tokenIds: PROMPT}, 'none'));
    }
    const steps = sampling.map((id, at) => {
      const bias = biases[at];
      return {...stepOf(shard, id, piece, 'logits'), ...(bias !== undefined && {bias})};
    });
    const [, ...results] = await shard.runner.run([stepOf(shard, silent, piece, 'none'), ...steps]);
    return results.map(topOf);
  };
  return await inSessions(shard, together, {sessionIds, kvTokens: PROMPT.length + 1});
}

/** Makes a token the likeliest. */
function biasOf(tokenId: number): TokenBias {
  return {tokenIds: Uint32Array.of(tokenId), values: Float32Array.of(50)};
}

/** Lets these tokens come only. */
function allow(...tokenIds: readonly number[]): TokenBias {
  const allowed = Uint32Array.of(tokenIds.reduce((mask, tokenId) => mask | (1 << tokenId), 0));
  return {tokenIds: new Uint32Array(0), values: new Float32Array(0), allowed};
}

/** What a session gives for pieces that follow each other from its start. */
async function outputsOf(
  shard: ShardUnderTest,
  pieces: readonly (readonly number[])[],
): Promise<readonly unknown[]> {
  return await inSessions(shard, async () => {
    const outputs: unknown[] = [];
    let position = 0;
    for (const tokenIds of pieces) {
      const step = stepOf(shard, A, {position, tokenIds});
      outputs.push(bitsOf(await runStep(shard.runner, step)));
      position += tokenIds.length;
    }
    return outputs;
  });
}

export const shardRunnerContract: readonly ShardRule[] = [
  {
    name: '[RU1] steps that run together give what they give alone, in their order',
    run: async (shard) => {
      const [prompt, next] = await outputsOf(shard, [PROMPT, [6]]);
      const [other] = await outputsOf(shard, [[9, 8]]);
      const together = await inSessions(shard, () =>
        shard.runner.run([
          stepOf(shard, A, {position: 0, tokenIds: PROMPT}),
          stepOf(shard, B, {position: 0, tokenIds: [9, 8]}),
          stepOf(shard, A, {position: PROMPT.length, tokenIds: [6]}),
        ]),
      );
      const bits = together.map((result) => result.kind === 'ran' && bitsOf(result.output));
      equal(bits, [prompt, other, next], 'three steps of two sessions');
      equal(await shard.runner.run([]), [], 'no step');
    },
  },
  {
    name: '[RU2] a prompt in pieces leaves the cache as one sent whole, and gives the same logits',
    run: async (shard) => {
      const logitsAfter = (pieces: readonly (readonly number[])[]): Promise<unknown> =>
        inSessions(shard, async () => {
          let position = 0;
          for (const tokenIds of pieces) {
            await runStep(shard.runner, stepOf(shard, A, {position, tokenIds}, 'none'));
            position += tokenIds.length;
          }
          const step = stepOf(shard, A, {position, tokenIds: [6]}, 'logits');
          return bitsOf(await runStep(shard.runner, step));
        });
      equal(await logitsAfter([[1, 2], [3], [4, 5]]), await logitsAfter([PROMPT]), 'logits');
    },
  },
  {
    name: '[RU3] a step that is refused is named in its place, leaves no trace and stops no other',
    run: async (shard) => {
      const [prompt, next] = await outputsOf(shard, [PROMPT, [6]]);
      const unknown = asSessionId('00000000000000ff');
      const results = await inSessions(shard, () =>
        shard.runner.run([
          stepOf(shard, A, {position: 0, tokenIds: PROMPT}),
          stepOf(shard, A, {position: 2, tokenIds: [7]}),
          stepOf(shard, unknown, {position: 0, tokenIds: [7]}),
          stepOf(shard, B, {position: 0, tokenIds: Array<number>(SESSION_TOKENS + 1).fill(7)}),
          stepOf(shard, A, {position: PROMPT.length, tokenIds: [6]}),
        ]),
      );
      const codes = results.slice(1, 4).map(refusalOf);
      equal(codes, ['WRONG_POSITION', 'UNKNOWN_SESSION', 'KV_FULL'], 'refusals');
      const [first, last] = [results.at(0), results.at(-1)];
      const bits = [first, last].map((result) => result?.kind === 'ran' && bitsOf(result.output));
      equal(bits, [prompt, next], 'the other steps');
    },
  },
  {
    name: '[RU8] one of several steps of one token that is refused leaves no trace and stops no other',
    run: async (shard) => {
      const [prompt, next] = await outputsOf(shard, [PROMPT, [6]]);
      const unknown = asSessionId('00000000000000ff');
      const results = await inSessions(shard, async () => {
        await runStep(shard.runner, stepOf(shard, A, {position: 0, tokenIds: PROMPT}));
        return await shard.runner.run([
          stepOf(shard, B, {position: 3, tokenIds: [7]}),
          stepOf(shard, A, {position: PROMPT.length, tokenIds: [6]}),
          stepOf(shard, unknown, {position: 0, tokenIds: [7]}),
        ]);
      });
      equal(
        results.map(refusalOf),
        ['WRONG_POSITION', 'ran', 'UNKNOWN_SESSION'],
        'what came of each',
      );
      const bits = results.flatMap((each) => (each.kind === 'ran' ? [bitsOf(each.output)] : []));
      equal([prompt, ...bits], [prompt, next], 'the other step');
    },
  },
  {
    name: '[RU9] whoever a session runs together with, it gives what it gives alone',
    run: async (shard) => {
      const outputs = ['hidden', 'logits', 'none'] as const;
      const sessions = [A, B, C, D].map((sessionId, at) => ({
        sessionId,
        // Of different lengths, and without a prompt.
        tokenIds: Array.from({length: 8}, (_, position) => (7 * at + 5 * position) % 16),
        prompt: at,
      }));
      const open = async () => {
        for (const {sessionId} of sessions) await shard.runner.openSession(sessionId, 8);
        for (const {sessionId, tokenIds, prompt} of sessions) {
          if (prompt === 0) continue;
          const step = {position: 0, tokenIds: tokenIds.slice(0, prompt)};
          await runStep(shard.runner, stepOf(shard, sessionId, step));
        }
      };
      const close = async () => {
        for (const {sessionId} of sessions) await shard.runner.closeSession(sessionId);
      };
      const decode = (at: number, position: number) => {
        const {sessionId, tokenIds} = sessions[at] ?? {sessionId: A, tokenIds: []};
        const step = {position, tokenIds: tokenIds.slice(position, position + 1)};
        return stepOf(shard, sessionId, step, outputs[position % outputs.length]);
      };
      const alone = new Map<string, unknown>();
      await open();
      for (const [at, {prompt}] of sessions.entries()) {
        for (let position = prompt; position < 8; position += 1) {
          alone.set(`${at}:${position}`, bitsOf(await runStep(shard.runner, decode(at, position))));
        }
      }
      await close();
      await open();
      const reached = sessions.map(({prompt}) => prompt);
      // Each joins, stays away and leaves as the bits of a counter say.
      for (let round = 1; reached.some((position) => position < 8); round += 1) {
        const who = sessions.flatMap((_, at) =>
          (reached[at] ?? 8) < 8 && ((round * 11) >> at) % 2 === 1 ? [at] : [],
        );
        const results = await shard.runner.run(who.map((at) => decode(at, reached[at] ?? 0)));
        for (const [k, at] of who.entries()) {
          const result = results[k];
          const bits = result?.kind === 'ran' ? bitsOf(result.output) : refusalOf(result);
          equal(bits, alone.get(`${at}:${reached[at]}`), `session ${at} at ${reached[at]}`);
          reached[at] = (reached[at] ?? 0) + 1;
        }
      }
      await close();
    },
  },
  {
    name: '[RU10] a bias is added to the logits of its own session, before the likeliest are looked for',
    run: async (shard) => {
      const [plain] = await topsTogether(shard, [undefined, undefined, undefined]);
      const [beside, ...biased] = await topsTogether(shard, [undefined, biasOf(3), biasOf(5)]);
      equal(bitsOfTop(beside), bitsOfTop(plain), 'the session beside them');
      const best = biased.map(({tokenIds}) => tokenIds[0]);
      equal(best, [3, 5], 'the likeliest token of each with its bias');
      const isMore = biased.map(({logSumExp}) => logSumExp > (plain?.logSumExp ?? Infinity));
      equal(isMore, [true, true], 'the sum is that of the biased logits');
    },
  },
  {
    name: '[RU11] of a session where only some tokens may come no other is among the likeliest',
    run: async (shard) => {
      const [plain] = await topsTogether(shard, [undefined, undefined, undefined]);
      const [beside, ...guided] = await topsTogether(shard, [undefined, allow(2, 5), allow(3, 7)]);
      equal(bitsOfTop(beside), bitsOfTop(plain), 'the session beside them');
      const likeliest = guided.map(({tokenIds}) => [...tokenIds].toSorted((a, b) => a - b));
      const allowed = [
        [2, 5],
        [3, 7],
      ];
      equal(likeliest, allowed, 'the tokens that may come');
      for (const {logits, logSumExp} of guided) {
        const best = logits[0] ?? Infinity;
        equal(logSumExp >= best, true, 'no probability is more than 1');
        // Of two tokens the sum is at most twice the larger.
        equal(logSumExp <= best + 0.75, true, 'the sum is over both');
      }
    },
  },
  {
    name: '[RU4] after a truncation a session goes on as if the rest had never been',
    run: async (shard) => {
      const [, next] = await outputsOf(shard, [PROMPT, [6]]);
      const again = await inSessions(shard, async () => {
        await runStep(shard.runner, stepOf(shard, A, {position: 0, tokenIds: [...PROMPT, 9, 9]}));
        await shard.runner.truncate(A, PROMPT.length);
        // Beyond what it holds there is nothing to forget.
        await shard.runner.truncate(A, PROMPT.length + 3);
        const step = stepOf(shard, A, {position: PROMPT.length, tokenIds: [6]});
        return bitsOf(await runStep(shard.runner, step));
      });
      equal(again, next, 'the step after the truncation');
    },
  },
  {
    name: '[RU5] a session that is opened again keeps what it holds, and has the new room',
    run: async (shard) => {
      const [, next] = await outputsOf(shard, [PROMPT, [6]]);
      const again = await inSessions(shard, async () => {
        await runStep(shard.runner, stepOf(shard, A, {position: 0, tokenIds: PROMPT}));
        await shard.runner.openSession(A, shard.kvTokens - SESSION_TOKENS);
        const step = stepOf(shard, A, {position: PROMPT.length, tokenIds: [6]});
        return bitsOf(await runStep(shard.runner, step));
      });
      equal(again, next, 'the step after the second opening');
    },
  },
  {
    name: '[RU6] what all sessions may remember is bounded, and closing gives it back once',
    run: async ({runner, kvTokens}) => {
      const openMany = async (): Promise<readonly [opened: number, refusal: unknown]> => {
        for (const [opened, id] of MANY.entries()) {
          const outcome = await codeOf(runner.openSession(id, kvTokens - 1));
          if (outcome !== 'done') return [opened, outcome];
        }
        return [MANY.length, 'never refused'];
      };
      const closeAll = async () => {
        for (const id of MANY) await runner.closeSession(id);
      };
      const [opened, refusal] = await openMany();
      const free = freeTokensIn(refusal);
      equal(await codeOf(runner.openSession(A, free)), 'done', 'a session that has the rest');
      await runner.closeSession(A);
      const full = {code: 'KV_FULL', kvTokensAsked: free + 1, kvTokensFree: free};
      equal(await codeOf(runner.openSession(A, free + 1)), full, 'a session that wants more');
      await closeAll();
      await closeAll();
      equal(await openMany(), [opened, refusal], 'what opens after all were closed');
      await closeAll();
    },
  },
];
