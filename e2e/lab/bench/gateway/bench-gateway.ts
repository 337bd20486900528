import {HOSTILE_REQUESTS} from '../../../../signal-server/src/gateway/api/testing/hostile-requests.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {askApi, type ApiAnswer} from '../../../swarm/server/ask-api.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';

const LAYERS = 30;
const SERVE_TIMEOUT_MS = 300_000;
const TOKENS = 16;
const ALONE = 10;
/** Sessions that a tab gives one client; as many requests wait. */
const CAPACITY = 6;
const OVERLOAD = 5;
const ROUNDS = 5;
const MOST_REFUSAL_MS = 100;

/** How soon the API refuses: what is hostile, and what is too much; and what that costs whoever is accepted. */
export const benchGateway: Benchmark = async (context) => {
  const shape = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
  // In a process of its own: what its callers take here is no time of the server.
  const {swarm, model, stop} = await startTinySwarm({
    gguf: {seed: 5, shape},
    serverProcesses: 1,
    delaysWasmTiering: false,
  });
  try {
    const capacity = {kind: 'layers', maxLayers: LAYERS} as const;
    const timeoutMs = SERVE_TIMEOUT_MS;
    await swarm.openServingTabs(1, {engine: 'wasm', capacity}, {model: model.id, timeoutMs});
    const {signal} = context;
    const [server] = swarm.serverProcesses;
    if (server === undefined) throw new Error('There is no server');
    const ask: Ask = async (fields) => {
      const messages = [{role: 'user', content: 'Count.'}];
      const body = {model: model.id, messages, max_tokens: TOKENS, ...fields};
      return await askApi(server.url, {caller: 1, body, signal});
    };
    await ask({});
    await refuseHostile(context, async (body) => askApi(server.url, {caller: 1, body, signal}));
    await overload(context, ask);
  } finally {
    await stop();
  }
};

type Ask = (fields: object) => Promise<ApiAnswer>;

async function refuseHostile(
  {print, log}: BenchmarkContext,
  ask: (body: string) => Promise<ApiAnswer>,
): Promise<void> {
  for (const [what, body] of HOSTILE_REQUESTS) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const {status, tookMs} = await ask(body);
      if (status !== 400)
        throw new Error(`A hostile request (${what}) was answered with ${status}`);
      times.push(tookMs);
    }
    const value = Math.max(...times);
    log(`hostile request, ${what}: ${value.toFixed(1)} ms at most`);
    print({
      name: `hostile request: ${what}`,
      value,
      unit: 'ms',
      floor: MOST_REFUSAL_MS,
      ...spreadOf(times),
    });
  }
}

async function overload({print}: BenchmarkContext, ask: Ask): Promise<void> {
  const alone: number[] = [];
  for (let at = 0; at < ALONE; at += 1) alone.push((await ask({})).tookMs);
  const full: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    full.push(...(await askAtOnce(CAPACITY, ask)).map(({tookMs}) => tookMs));
  }
  const over: ApiAnswer[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    over.push(...(await askAtOnce(OVERLOAD * CAPACITY, ask)));
  }
  const timesOf = (status: number) =>
    over.filter((asked) => asked.status === status).map(({tookMs}) => tookMs);
  const [accepted, refused] = [timesOf(200), timesOf(429)];
  if (accepted.length + refused.length !== over.length) throw new Error('A request was lost');
  const p95 = percentile(accepted, 95);
  for (const [what, unloaded] of [
    ['one alone', percentile(alone, 95)],
    ['as many as there is room for', percentile(full, 95)],
  ] as const) {
    print({
      name: `p95 of the accepted at ${OVERLOAD} times what there is room for, against ${what}`,
      value: p95,
      unit: 'ms',
      against: unloaded,
      ratio: p95 / unloaded,
      floor: 2,
      ...spreadOf(accepted),
    });
  }
  const slowest = Math.max(...refused);
  print({name: '429', value: slowest, unit: 'ms', floor: MOST_REFUSAL_MS, ...spreadOf(refused)});
}

async function askAtOnce(count: number, ask: Ask): Promise<readonly ApiAnswer[]> {
  return await Promise.all(Array.from({length: count}, async () => ask({})));
}
