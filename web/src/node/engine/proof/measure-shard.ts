import {asSessionId, type SessionId} from '#shared/base/ids.ts';
import {cellsOf, type CutGrid} from '#shared/model/cut-grid.ts';
import {layerCount, type LayerRange} from '#shared/model/layer-range.ts';
import type {BatchMs} from '#shared/scheduling/swarm-snapshot.ts';
import {batchMs} from '#shared/scheduling/cost-model.ts';
import type {PieceMs} from '#shared/session/serve-hop/cut-piece.ts';
import {EngineError} from '../engine-error.ts';
import {joinHidden, valuesOf, type HiddenBytes} from '../hidden-state.ts';
import {fitPieces, sumOf} from './fit-pieces.ts';
import {madeUpInput} from './made-up-input.ts';
import {MAX_RELATIVE_ERROR, relativeError} from './relative-error.ts';
import {runStep} from '../run-step.ts';
import type {ShardRunner, ShardStep} from '../shard-runner.ts';

/** What the shard takes on this machine, near an empty context. */
export type ShardSpeed = {
  /** One decode step through one layer, in parts: with more sessions only one of them grows. */
  readonly decodeMsPerLayer: BatchMs;
  /** One token of a piece of `PREFILL_TOKENS` through one layer. */
  readonly prefillMsPerTokenLayer: number;
  /** Norm and LM head for one position of each session; `null` without LM head. */
  readonly lmHeadMs: BatchMs | null;
};

export type ShardToMeasure = {
  readonly runner: ShardRunner;
  readonly grid: CutGrid;
  readonly hiddenSize: number;
  /** Where the model ends: a proof is no longer. */
  readonly contextTokens: number;
  readonly hasLmHead: boolean;
  /** Whether steps of several sessions run as one. */
  readonly runsTogether: boolean;
  readonly proof: CutProof;
  readonly nowMs: () => number;
  readonly onRun: (progress: {readonly runsDone: number; readonly runsTotal: number}) => void;
};

/** A prompt in one piece, and in pieces that other kernels serve, must come out the same. */
export type CutProof = {
  /** What the sentence of a failure blames. */
  readonly subject: string;
  /** Together the whole. */
  readonly pieces: readonly number[];
  readonly agree: (whole: HiddenBytes, pieces: HiddenBytes, hiddenSize: number) => boolean;
};

/** On WASM, where a token's bits depend on nothing but what is before it. */
export const SAME_BITS: CutProof = {
  subject: 'The CPU',
  pieces: [16, 7, 1],
  agree: ({bytes}, pieces) =>
    bytes.length === pieces.bytes.length && bytes.every((byte, at) => byte === pieces.bytes[at]),
};

/**
 * On a GPU. Attention that is wrong on some adapters begins at 32 tokens. Each length
 * compiles shaders of its own, which takes seconds on a slow GPU, so there are no more of them.
 */
export const SAME_WITHIN_ROUNDING: CutProof = {
  subject: 'The GPU',
  pieces: [20, 20],
  agree: (whole, pieces, hiddenSize) =>
    relativeError(valuesOf(pieces), valuesOf(whole), hiddenSize) <= MAX_RELATIVE_ERROR,
};

const PREFILL_TOKENS = 32;
const ALONE = {sessions: 1, warmUps: 4, runs: 9};
const PREFILL_RUNS = 3;
/** A figure of a very slow engine is made of fewer runs, of one at least. */
const PATIENCE_MS = 10_000;
/** So many sessions show what each of them adds, on an engine that is warm. */
const TOGETHER = {sessions: 4, warmUps: 2, runs: 5};
/** Positions that the test needs in the cache, where the model has as many. */
export const TESTED_TOKENS = PREFILL_TOKENS + 2 * (ALONE.warmUps + ALONE.runs);

/**
 * Proves a loaded shard and measures it warm: finite results, and the same ones
 * for a prompt in one piece and in several. Takes as long as about 200 tokens of prompt.
 *
 * @throws {EngineError} `SELF_TEST_FAILED`, `NOT_FINITE`; `KV_FULL` when the
 *   budget holds fewer than 58 tokens, or than the model's context where that is shorter.
 */
export async function measureShard(shard: ShardToMeasure): Promise<ShardSpeed> {
  const {runner, grid} = shard;
  const probe = new Probe(shard);
  await proveCuts(probe, runner.range);
  const prefillMs = await measurePrefill(probe, runner.range);
  const layers = layerCount(runner.range);
  const prefillTokens = prefillTokensOf(shard);
  const layerMs = async (decode: DecodeRuns) =>
    medianOf((await measureDecode(probe, runner.range, decode, ['hidden'])).hidden) / layers;
  // Through the last cell only: the smaller the rest, the surer the difference.
  const lastCell = cellsOf(grid, runner.range).at(-1) ?? runner.range;
  const lmHeadMs = async (decode: DecodeRuns) => {
    const {hidden, logits} = await measureDecode(probe, lastCell, decode, ['hidden', 'logits']);
    return Math.max(0, medianOf(logits) - medianOf(hidden));
  };
  return {
    decodeMsPerLayer: await inParts(shard, layerMs),
    prefillMsPerTokenLayer: prefillMs / (prefillTokens * layers),
    lmHeadMs: shard.hasLmHead ? await inParts(shard, lmHeadMs) : null,
  };
}

function prefillTokensOf({contextTokens}: ShardToMeasure): number {
  return Math.min(PREFILL_TOKENS, contextTokens);
}

/** Of one layer, by a step of one token and by a longer piece. */
export function pieceMsPerLayer({
  decodeMsPerLayer,
  prefillMsPerTokenLayer,
}: Pick<ShardSpeed, 'decodeMsPerLayer' | 'prefillMsPerTokenLayer'>): PieceMs {
  const pieceMs = PREFILL_TOKENS * prefillMsPerTokenLayer;
  const moreMs = Math.max(0, pieceMs - batchMs(decodeMsPerLayer, 1)) / (PREFILL_TOKENS - 1);
  const perTokenMs = Math.min(prefillMsPerTokenLayer, moreMs);
  return {fixedMs: pieceMs - PREFILL_TOKENS * perTokenMs, perTokenMs};
}

/** A session more adds no less than nothing, and no more than a step of its own. */
async function inParts(
  {runsTogether}: ShardToMeasure,
  measureMs: (decode: DecodeRuns) => Promise<number>,
): Promise<BatchMs> {
  const aloneMs = await measureMs(ALONE);
  if (!runsTogether) return {fixedMs: 0, perSessionMs: aloneMs};
  const addedMs = ((await measureMs(TOGETHER)) - aloneMs) / (TOGETHER.sessions - 1);
  const perSessionMs = Math.min(aloneMs, Math.max(0, addedMs));
  return {fixedMs: aloneMs - perSessionMs, perSessionMs};
}

async function proveCuts(probe: Probe, range: LayerRange): Promise<void> {
  const {proof, hiddenSize, contextTokens} = probe.shard;
  const inPieces = fitPieces(proof.pieces, contextTokens);
  const whole = await probe.inSession(range, (run) => run(sumOf(inPieces)));
  const pieces = await probe.inSession(range, async (run) => {
    const outputs: HiddenBytes[] = [];
    for (const tokenCount of inPieces) outputs.push(await run(tokenCount));
    return joinHidden(outputs);
  });
  if (proof.agree(whole, pieces, hiddenSize)) return;
  throw new EngineError(
    {code: 'SELF_TEST_FAILED'},
    `${proof.subject} gives other numbers for a prompt in pieces than for a whole one`,
  );
}

/** @returns ms of one piece, median. */
async function measurePrefill(probe: Probe, range: LayerRange): Promise<number> {
  const timesMs: number[] = [];
  const {nowMs} = probe.shard;
  const endMs = nowMs() + PATIENCE_MS;
  while (timesMs.length < PREFILL_RUNS && (timesMs.length === 0 || nowMs() < endMs)) {
    timesMs.push(
      await probe.inSession(range, async (runPiece) => {
        const startMs = nowMs();
        await runPiece(prefillTokensOf(probe.shard));
        return nowMs() - startMs;
      }),
    );
  }
  return medianOf(timesMs);
}

/** @returns ms of steps of one token of each session, by output, after a warm-up; outputs take turns. */
async function measureDecode(
  probe: Probe,
  range: LayerRange,
  {sessions, warmUps, runs}: DecodeRuns,
  outputs: readonly Output[],
): Promise<{readonly hidden: readonly number[]; readonly logits: readonly number[]}> {
  const timesMs = {hidden: [] as number[], logits: [] as number[]};
  const {nowMs} = probe.shard;
  const endMs = nowMs() + PATIENCE_MS;
  const rounds = warmUps + runs;
  await probe.inSessions(range, {sessions, tokens: rounds * outputs.length}, async (run) => {
    for (let round = 0; round < rounds; round += 1) {
      if (round > warmUps && nowMs() >= endMs) return;
      for (const output of outputs) {
        const startMs = nowMs();
        await run(output);
        if (round >= warmUps) timesMs[output].push(nowMs() - startMs);
      }
    }
  });
  return timesMs;
}

type DecodeRuns = typeof ALONE;
type Output = 'hidden' | 'logits';
type RunPiece = (tokenCount: number) => Promise<HiddenBytes>;

const NOTHING: HiddenBytes = {dtype: 'f16', bytes: new Uint8Array()};

/** Sends made-up hidden states through a shard, one session at a time. */
class Probe {
  static readonly #sessionId: SessionId = asSessionId('self-test');
  readonly shard: ShardToMeasure;
  readonly #runsTotal: number;
  #runsDone = 0;

  constructor(shard: ShardToMeasure) {
    this.shard = shard;
    const decodes = shard.runsTogether ? [ALONE, TOGETHER] : [ALONE];
    const rounds = decodes.reduce((sum, {warmUps, runs}) => sum + warmUps + runs, 0);
    this.#runsTotal =
      1 +
      fitPieces(shard.proof.pieces, shard.contextTokens).length +
      PREFILL_RUNS +
      rounds * (shard.hasLmHead ? 3 : 1);
  }

  /** `act` runs pieces that follow each other from position 0; they return hidden states. */
  async inSession<T>(range: LayerRange, act: (run: RunPiece) => Promise<T>): Promise<T> {
    const {runner, contextTokens} = this.shard;
    const sessionId = Probe.#sessionId;
    let position = 0;
    await runner.openSession(sessionId, Math.min(TESTED_TOKENS, contextTokens));
    try {
      return await act(async (tokenCount) => {
        const {hiddenSize} = this.shard;
        const input = madeUpInput({position, tokenCount, hiddenSize});
        const step: ShardStep = {sessionId, position, tokenCount, input, range, output: 'hidden'};
        const result = await runStep(runner, step);
        position += tokenCount;
        this.#tellRun();
        return result.kind === 'hidden' ? result : NOTHING;
      });
    } finally {
      await runner.closeSession(sessionId);
    }
  }

  /** `act` runs steps of so many sessions, as one, from position 0 on, and from there again where the model ends. */
  async inSessions(
    range: LayerRange,
    {sessions, tokens}: {readonly sessions: number; readonly tokens: number},
    act: (run: (output: Output) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const {runner, hiddenSize, contextTokens} = this.shard;
    const sessionIds = Array.from({length: sessions}, (_, at) => asSessionId(`self-test-${at}`));
    let position = 0;
    try {
      for (const sessionId of sessionIds) {
        await runner.openSession(sessionId, Math.min(tokens, contextTokens));
      }
      await act(async (output) => {
        const input = madeUpInput({position, tokenCount: 1, hiddenSize});
        const step = {position, tokenCount: 1, input, range, output};
        const results = await runner.run(sessionIds.map((sessionId) => ({...step, sessionId})));
        for (const result of results) if (result.kind === 'refused') throw result.error;
        position += 1;
        this.#tellRun();
        if (position < contextTokens) return;
        for (const sessionId of sessionIds) await runner.truncate(sessionId, 0);
        position = 0;
      });
    } finally {
      for (const sessionId of sessionIds) await runner.closeSession(sessionId);
    }
  }

  #tellRun(): void {
    this.#runsDone += 1;
    this.shard.onRun({runsDone: this.#runsDone, runsTotal: this.#runsTotal});
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
