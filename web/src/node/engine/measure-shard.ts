import {asSessionId, type SessionId} from '#shared/ids.ts';
import {cellsOf, type CutGrid} from '#shared/model/cut-grid.ts';
import {layerCount, type LayerRange} from '#shared/model/layer-range.ts';
import {EngineError} from './engine-error.ts';
import {crossBoundary, packHidden} from './hidden-state.ts';
import type {ShardRunner, ShardStep} from './shard-runner.ts';

/** What the shard takes on this machine, near an empty context. */
export type ShardSpeed = {
  /** One decode step (one token) through one layer. */
  readonly decodeMsPerLayer: number;
  /** One token of a longer piece through one layer. */
  readonly prefillMsPerTokenLayer: number;
  /** Norm and LM head for one position; `null` without LM head. */
  readonly lmHeadMs: number | null;
};

export type ShardUnderTest = {
  readonly runner: ShardRunner;
  readonly grid: CutGrid;
  readonly hiddenSize: number;
  readonly hasLmHead: boolean;
  readonly nowMs: () => number;
  readonly onRun: (progress: {readonly runsDone: number; readonly runsTotal: number}) => void;
};

const WHOLE_TOKENS = 24;
/** The same tokens in lengths that other kernels serve. */
const PIECES: readonly number[] = [16, 7, 1];
const PREFILL_TOKENS = 32;
const WARM_UP_RUNS = 4;
const DECODE_RUNS = 9;
const PREFILL_RUNS = 3;
/** Positions that the test needs in the cache. */
const KV_TOKENS = PREFILL_TOKENS + 2 * (WARM_UP_RUNS + DECODE_RUNS);

/**
 * Proves a loaded shard and measures it warm: finite results, and the same bits
 * for a prompt in one piece and in several. Takes as long as about 200 tokens of prompt.
 *
 * @throws {EngineError} `SELF_TEST_FAILED`, `NOT_FINITE`; `KV_FULL` when the
 *   budget holds fewer than 58 tokens.
 */
export async function measureShard(shard: ShardUnderTest): Promise<ShardSpeed> {
  const {runner, grid} = shard;
  const probe = new Probe(shard);
  await proveCuts(probe, runner.range);
  const prefillMs = await measurePrefill(probe, runner.range);
  const decode = await measureDecode(probe, runner.range, ['hidden']);
  // Through the last cell only: the smaller the rest, the surer the difference.
  const lastCell = cellsOf(grid, runner.range).at(-1);
  const lmHead =
    shard.hasLmHead && lastCell ? await measureDecode(probe, lastCell, ['hidden', 'logits']) : null;
  const layers = layerCount(runner.range);
  return {
    decodeMsPerLayer: medianOf(decode.hidden) / layers,
    prefillMsPerTokenLayer: prefillMs / (PREFILL_TOKENS * layers),
    lmHeadMs: lmHead && Math.max(0, medianOf(lmHead.logits) - medianOf(lmHead.hidden)),
  };
}

async function proveCuts(probe: Probe, range: LayerRange): Promise<void> {
  const expected = await probe.inSession(range, (run) => run(WHOLE_TOKENS, 'hidden'));
  const bytes = await probe.inSession(range, async (run) => {
    const pieces: Uint8Array[] = [];
    for (const tokenCount of PIECES) pieces.push(await run(tokenCount, 'hidden'));
    return pieces.flatMap((piece) => [...piece]);
  });
  if (expected.length === bytes.length && bytes.every((byte, at) => byte === expected[at])) return;
  throw new EngineError(
    {code: 'SELF_TEST_FAILED'},
    'This engine gives other numbers for a prompt in pieces than for a whole one',
  );
}

/** @returns ms of one piece, median. */
async function measurePrefill(probe: Probe, range: LayerRange): Promise<number> {
  const timesMs: number[] = [];
  for (let run = 0; run < PREFILL_RUNS; run += 1) {
    timesMs.push(
      await probe.inSession(range, async (runPiece) => {
        const startMs = probe.shard.nowMs();
        await runPiece(PREFILL_TOKENS, 'hidden');
        return probe.shard.nowMs() - startMs;
      }),
    );
  }
  return medianOf(timesMs);
}

/** @returns ms of steps of one token, by output, after a warm-up; outputs take turns. */
async function measureDecode(
  probe: Probe,
  range: LayerRange,
  outputs: readonly ('hidden' | 'logits')[],
): Promise<{readonly hidden: readonly number[]; readonly logits: readonly number[]}> {
  const timesMs = {hidden: [] as number[], logits: [] as number[]};
  await probe.inSession(range, async (run) => {
    for (let round = 0; round < WARM_UP_RUNS + DECODE_RUNS; round += 1) {
      for (const output of outputs) {
        const startMs = probe.shard.nowMs();
        await run(1, output);
        if (round >= WARM_UP_RUNS) timesMs[output].push(probe.shard.nowMs() - startMs);
      }
    }
  });
  return timesMs;
}

type RunPiece = (tokenCount: number, output: 'hidden' | 'logits') => Promise<Uint8Array>;

/** Sends made-up hidden states through a shard, one session at a time. */
class Probe {
  static readonly #sessionId: SessionId = asSessionId('self-test');
  readonly shard: ShardUnderTest;
  readonly #runsTotal: number;
  #runsDone = 0;

  constructor(shard: ShardUnderTest) {
    this.shard = shard;
    const decodeRuns = WARM_UP_RUNS + DECODE_RUNS;
    this.#runsTotal = 1 + PIECES.length + PREFILL_RUNS + decodeRuns * (shard.hasLmHead ? 3 : 1);
  }

  /** `act` runs pieces that follow each other from position 0; they return hidden bytes. */
  async inSession<T>(range: LayerRange, act: (run: RunPiece) => Promise<T>): Promise<T> {
    const {runner} = this.shard;
    const sessionId = Probe.#sessionId;
    let position = 0;
    await runner.openSession(sessionId, KV_TOKENS);
    try {
      return await act(async (tokenCount, output) => {
        const input = this.#madeUpInput(position, tokenCount);
        const step: ShardStep = {sessionId, position, tokenCount, input, range, output};
        const result = await runner.run(step);
        position += tokenCount;
        this.#tellRun();
        return result.kind === 'hidden' ? result.bytes : new Uint8Array();
      });
    } finally {
      await runner.closeSession(sessionId);
    }
  }

  #tellRun(): void {
    this.#runsDone += 1;
    this.shard.onRun({runsDone: this.#runsDone, runsTotal: this.#runsTotal});
  }

  /** Numbers in [−1, 1) that depend on their position only. */
  #madeUpInput(position: number, tokenCount: number): ShardStep['input'] {
    const {hiddenSize} = this.shard;
    const first = position * hiddenSize;
    const hidden = Float32Array.from({length: tokenCount * hiddenSize}, (_, at) => {
      const mixed = Math.imul((first + at) ^ 0x5bd1e995, 0x9e3779b1);
      return ((mixed ^ (mixed >>> 15)) >> 8) / 2 ** 23;
    });
    crossBoundary(hidden);
    return {kind: 'hidden', ...packHidden(hidden)};
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
