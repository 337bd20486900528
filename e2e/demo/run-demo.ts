import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {AnswerEvent, AskRequest} from '#shared/client/chat/chat-service.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../swarm/answer.ts';
import {buildSite} from '../tools/machine/build-site.ts';
import {prepareModel, type PreparedModel} from '../tools/machine/model-file/prepare-model.ts';
import {activationBytesThroughServer, relayedBytesAfterSignaling} from '../swarm/relayed-bytes.ts';
import {reportedHop, type ReportedHop} from '../swarm/reported-hop.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import {missingLayersOf} from './missing-layers.ts';

export type DemoOptions = {
  readonly prompt: string;
  readonly tabCount: number;
  /** What each tab can hold; `null`: an even share of the model's cells. */
  readonly maxLayers: number | null;
  readonly engine: 'wasm' | 'webgpu';
  readonly maxNewTokens: number;
  readonly port: number;
  readonly jsonPath: string | null;
  /** Whether to stay up after the answer, until Ctrl-C. */
  readonly stay: boolean;
  readonly signal: AbortSignal;
};

/** A GPU that this machine's CPU plays takes minutes to prove and measure its layers. */
const LOAD_TIMEOUT_MS = {wasm: 300_000, webgpu: 1_800_000};

/** The main job, from nothing: model, server, tabs, one question, one answer. */
export async function runDemo(options: DemoOptions): Promise<void> {
  // Before the answer: it would be lost in a folder that cannot be made.
  if (options.jsonPath !== null) await mkdir(dirname(options.jsonPath), {recursive: true});
  const model = await prepareModel({log, signal: options.signal});
  await buildSite({log});
  options.signal.throwIfAborted();
  const swarm = await Swarm.start({
    modelsDir: model.modelsDir,
    port: options.port,
    webgpu: options.engine === 'webgpu',
    log,
    signals: 'ours',
  });
  options.signal.addEventListener('abort', () => {
    // What waits for a tab ends with it, and the browser clears up behind itself.
    swarm.stop().catch(() => undefined);
  });
  try {
    log(`Signal server at ${swarm.server.url}`);
    await lendTabs(swarm, model, options);
    const report = await askOnce(swarm, model, options);
    printReport(report);
    if (options.jsonPath !== null) await writeJson(options.jsonPath, report);
    if (options.stay) await stayUp(swarm, options.signal);
  } finally {
    await swarm.stop();
  }
}

async function lendTabs(swarm: Swarm, model: PreparedModel, options: DemoOptions): Promise<void> {
  const {layerCount, cutEvery} = model.grid;
  const cellsPerTab = Math.ceil(Math.ceil(layerCount / cutEvery) / options.tabCount);
  const maxLayers = options.maxLayers ?? cellsPerTab * cutEvery;
  log(`Opening ${options.tabCount} tabs that can hold ${maxLayers} of ${layerCount} layers each`);
  const request = {engine: options.engine, capacity: {kind: 'layers', maxLayers}} as const;
  const tabs = await Promise.all(
    Array.from({length: options.tabCount}, () => swarm.openLendingTab(request, {model: model.id})),
  );
  await Promise.all(
    tabs.map(async (tab, i) => {
      const state = await tab.waitForLendState(['serving', 'spare', 'failed'], {
        timeoutMs: LOAD_TIMEOUT_MS[options.engine],
      });
      if (state.kind === 'failed') throw new Error(`Tab ${i + 1} failed: ${state.message}`);
      if (state.kind === 'serving') {
        const {startLayer, endLayer} = state.layers;
        const speed = `${state.decodeMsPerLayer.toFixed(1)} ms per layer and token`;
        log(`Tab ${i + 1} serves layers ${startLayer}–${endLayer} at ${speed}: ${state.why}`);
        if (state.engineFallback !== null)
          log(`Tab ${i + 1} runs on the CPU. ${state.engineFallback.message}`);
      } else if (state.kind === 'spare') log(`Tab ${i + 1} holds no layers: ${state.why}`);
    }),
  );
}

export type DemoReport = {
  readonly url: string;
  readonly model: string;
  readonly prompt: string;
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly chain: readonly ReportedHop[];
  readonly timeToFirstTokenMs: number;
  readonly msPerToken: number;
  readonly activationBytesThroughServer: number;
};

async function askOnce(
  swarm: Swarm,
  model: PreparedModel,
  options: DemoOptions,
): Promise<DemoReport> {
  const client = await swarm.openTab({model: model.id});
  const abort = new AbortController();
  options.signal.addEventListener('abort', () => {
    abort.abort();
  });
  let answer: Answer = NO_ANSWER;
  let missing: string | null = null;
  let relayedBytesBefore = Number.NaN;
  let askedAtMs = performance.now();
  let firstTokenAtMs = Number.NaN;
  const onEvent = async (event: AnswerEvent): Promise<void> => {
    answer = extendAnswer(answer, event);
    if (event.kind === 'waiting') {
      missing = missingLayersOf(event.missing);
      // Every tab has taken what it will: nobody else is coming.
      abort.abort();
    }
    if (event.kind === 'ready') relayedBytesBefore = await relayedBytesAfterSignaling(swarm);
    if (event.kind === 'token') {
      if (Number.isNaN(firstTokenAtMs)) firstTokenAtMs = performance.now();
      process.stdout.write(event.text);
    }
    if (event.kind === 'end') process.stdout.write(`${event.text}\n`);
  };
  log(`Asking: ${options.prompt}\n`);
  askedAtMs = performance.now();
  try {
    await client.ask(askRequest(options), {signal: abort.signal, onEvent});
  } catch (error) {
    options.signal.throwIfAborted();
    throw missing === null ? error : new Error(missing, {cause: error});
  }
  return {
    url: swarm.server.url,
    model: model.id,
    prompt: options.prompt,
    text: answer.text,
    tokenIds: answer.tokenIds,
    chain: (answer.chains.at(-1) ?? []).map(reportedHop),
    timeToFirstTokenMs: round(firstTokenAtMs - askedAtMs),
    msPerToken: round(msPerTokenOf(answer)),
    activationBytesThroughServer: await activationBytesThroughServer(swarm, relayedBytesBefore),
  };
}

function askRequest({prompt, maxNewTokens}: DemoOptions): AskRequest {
  return {
    prompt: {kind: 'messages', messages: [{role: 'user', content: prompt}]},
    maxNewTokens,
    temperature: 0,
    topK: 0,
    topP: 1,
    seed: 0,
    topLogprobs: 0,
  };
}

function msPerTokenOf({tokenAtMs}: Answer): number {
  const first = tokenAtMs[0] ?? 0;
  const last = tokenAtMs.at(-1) ?? first;
  return tokenAtMs.length > 1 ? (last - first) / (tokenAtMs.length - 1) : last - first;
}

function printReport(report: DemoReport): void {
  log('');
  for (const hop of report.chain)
    log(`  ${hop.node}  layers ${hop.startLayer}–${hop.endLayer}  ${hop.engine}`);
  log(
    `First token after ${report.timeToFirstTokenMs} ms, then ${report.msPerToken} ms per token; ` +
      `${report.activationBytesThroughServer} bytes of activations through the server`,
  );
}

async function writeJson(path: string, report: DemoReport): Promise<void> {
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
}

async function stayUp(swarm: Swarm, signal: AbortSignal): Promise<void> {
  log(`\nThe swarm stays up: open ${swarm.server.url} to ask, or to lend a tab. Ctrl-C ends it.`);
  await once(signal, 'abort');
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
