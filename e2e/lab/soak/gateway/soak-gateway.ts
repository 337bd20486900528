import OpenAI from 'openai';
import {atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {SCHEMAS} from '../../../../signal-server/src/gateway/grammar/testing/schemas.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {log} from '../../../swarm/test-log.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {Soak, SoakResult} from '../soak.ts';
import {askGenerated} from './generated-requests.ts';
import {followSchemas} from './follow-schemas.ts';

const TABS = 3;
const LAYERS = 30;
const SERVE_TIMEOUT_MS = 300_000;
const LONG_TOKENS = 2_000;
const FREED_WITHIN_MS = 5_000;
const LOOK_MS = 50;

/** What the API promises, over three real tabs: all of it with a tiny model, schemas with the real one too. */
export const soakGateway: Soak = async (_, {signal}) => {
  const tiny = await overTinyModel(signal);
  const real = await overRealModel(signal);
  return {
    checks: [...tiny.checks, ...real.checks],
    figures: {...tiny.figures, real: real.figures},
  };
};

async function overTinyModel(signal: AbortSignal): Promise<SoakResult> {
  const shape = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
  const {swarm, model, stop} = await startTinySwarm({gguf: {seed: 5, shape}});
  try {
    const tabs = await openTabs(swarm, {model: model.id, layerCount: LAYERS});
    const openai = clientOf(swarm);
    const asked = {model: model.id, signal};
    log('schemas');
    const schemas = await followSchemas(openai, {...asked, schemas: SCHEMAS});
    log('an answer that is hung up');
    const freed = await hangUp(openai, {...asked, tabs});
    log('generated requests');
    const generated = await askGenerated(swarm.server.url, asked);
    return {
      checks: [...schemas.checks, ...freed, ...generated.checks],
      figures: {outcomes: schemas.outcomes, ...generated.figures},
    };
  } finally {
    await stop();
  }
}

async function overRealModel(signal: AbortSignal): Promise<SoakResult> {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    await openTabs(swarm, {model: model.id, layerCount: model.grid.layerCount});
    log('schemas with the real model');
    const asked = {model: model.id, schemas: SCHEMAS, signal};
    const {checks, outcomes} = await followSchemas(clientOf(swarm), asked);
    return {checks, figures: {outcomes}};
  } finally {
    await swarm.stop();
  }
}

async function openTabs(
  swarm: Swarm,
  {model, layerCount}: {readonly model: string; readonly layerCount: number},
): Promise<readonly Tab[]> {
  const capacity = {kind: 'layers', maxLayers: Math.ceil(layerCount / TABS)} as const;
  const timeoutMs = SERVE_TIMEOUT_MS;
  return await swarm.openServingTabs(TABS, {engine: 'wasm', capacity}, {model, timeoutMs});
}

function clientOf(swarm: Swarm): OpenAI {
  return new OpenAI({baseURL: `${swarm.server.url}/v1`, apiKey: 'none', maxRetries: 2});
}

async function hangUp(
  openai: OpenAI,
  {
    model,
    tabs,
    signal,
  }: {readonly model: string; readonly tabs: readonly Tab[]; readonly signal: AbortSignal},
): Promise<readonly Check[]> {
  const messages = [{role: 'user' as const, content: 'Count.'}];
  const stream = await openai.chat.completions.create(
    {model, messages, max_tokens: LONG_TOKENS, stream: true},
    {signal},
  );
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== '') break;
  const hungUpMs = performance.now();
  let open = Infinity;
  while (open > 0 && performance.now() - hungUpMs < 2 * FREED_WITHIN_MS) {
    const loads = await Promise.all(tabs.map(async (tab) => await tab.lendLoad()));
    open = loads.reduce((sum, load) => sum + (load?.openSessions ?? 0), 0);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
  const freedMs = performance.now() - hungUpMs;
  return [
    atMost('sessions that are open after its reader hung up', open, 0),
    atMost('ms until every hop was free', freedMs, FREED_WITHIN_MS),
  ];
}
