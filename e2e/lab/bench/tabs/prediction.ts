import type {AnswerEvent} from '#shared/client/chat/chat-service.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const TAB_COUNT = 3;
const QUESTIONS = 8;
/** Enough steps for a median, and for records to follow. */
const TOKENS = 32;
const LOAD_TIMEOUT_MS = 300_000;

/** Observed ÷ predicted − 1: of each hop, and of the whole step as the client sees it. */
type Errors = {readonly hops: readonly number[]; readonly steps: readonly number[]};

/**
 * How well the cost model predicts a decode step: three tabs with the real
 * model on WASM, one question after the other, then all of them at once. What
 * a hop took is what it claims, without waiting; what a step took is the median
 * time between two tokens at the client.
 */
export const benchPrediction: Benchmark = async (context) => {
  const {log, signal} = context;
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    const maxLayers = Math.ceil(model.grid.layerCount / TAB_COUNT);
    const lend = {engine: 'wasm', capacity: {kind: 'layers', maxLayers}} as const;
    for (let tab = 0; tab < TAB_COUNT; tab += 1) {
      signal.throwIfAborted();
      const lending = await swarm.openLendingTab(lend, {model: model.id});
      await lending.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    }
    const client = await swarm.openTab({model: model.id});
    const first = await errorsOf(client, signal);
    print(context, 'the first answer, by what the load measured', first);
    const alone: Errors[] = [];
    for (let question = 0; question < QUESTIONS; question += 1) {
      alone.push(await errorsOf(client, signal));
    }
    print(context, 'one answer at a time', joined(alone));
    const together = Array.from({length: TAB_COUNT}, () => errorsOf(client, signal));
    print(context, `${String(TAB_COUNT)} answers at once`, joined(await Promise.all(together)));
  } finally {
    await swarm.stop();
  }
};

async function errorsOf(client: Tab, signal: AbortSignal): Promise<Errors> {
  let predictedStepMs = Number.NaN;
  const atMs: number[] = [];
  let hops: readonly number[] = [];
  const onEvent = (event: AnswerEvent): void => {
    if (event.kind === 'chain') ({predictedStepMs} = event);
    if (event.kind === 'token') atMs.push(event.atMs);
    if (event.kind === 'served') {
      hops = event.hops.map(({observedMs, predictedMs}) => observedMs / predictedMs - 1);
    }
  };
  const request = greedyRequest('Tell me a long story about a weaver.', {maxNewTokens: TOKENS});
  await client.ask(request, {signal, onEvent});
  const gapsMs = atMs.slice(1).map((ms, at) => ms - (atMs[at] ?? ms));
  return {hops, steps: [percentile(gapsMs, 50) / predictedStepMs - 1]};
}

function joined(all: readonly Errors[]): Errors {
  return {hops: all.flatMap(({hops}) => hops), steps: all.flatMap(({steps}) => steps)};
}

/** The median of what it was wrong by, in either direction; the extremes keep their sign. */
function print(context: BenchmarkContext, what: string, errors: Errors): void {
  for (const [name, values] of Object.entries(errors)) {
    context.print({
      name: `prediction: error of ${name}, ${what}`,
      value: percentile(
        values.map((error) => Math.abs(error)),
        50,
      ),
      unit: 'observed ÷ predicted − 1',
      ...spreadOf(values),
    });
  }
}
