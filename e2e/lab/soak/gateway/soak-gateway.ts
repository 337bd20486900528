import OpenAI from 'openai';
import {atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {SCHEMAS} from '../../../../signal-server/src/gateway/grammar/testing/schemas.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {log} from '../../../swarm/test-log.ts';
import type {Soak} from '../soak.ts';
import {askGenerated} from './generated-requests.ts';
import {followSchemas} from './follow-schemas.ts';

const TABS = 3;
const LAYERS = 30;
const SERVE_TIMEOUT_MS = 300_000;
const LONG_TOKENS = 2_000;
const FREED_WITHIN_MS = 5_000;
const LOOK_MS = 50;

/** Everything that the API promises, over three real tabs with a tiny model. */
export const soakGateway: Soak = async (_, {signal}) => {
  const shape = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
  const {swarm, model, stop} = await startTinySwarm({gguf: {seed: 5, shape}});
  try {
    const capacity = {kind: 'layers', maxLayers: LAYERS / TABS} as const;
    const tabs = await swarm.openServingTabs(
      TABS,
      {engine: 'wasm', capacity},
      {model: model.id, timeoutMs: SERVE_TIMEOUT_MS},
    );
    const {url} = swarm.server;
    const openai = new OpenAI({baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 2});
    const asked = {model: model.id, signal};
    log('schemas');
    const schemas = await followSchemas(openai, {...asked, schemas: SCHEMAS});
    log('an answer that is hung up');
    const freed = await hangUp(openai, {...asked, tabs});
    log('generated requests');
    const generated = await askGenerated(url, asked);
    return {
      checks: [...schemas.checks, ...freed, ...generated.checks],
      figures: {outcomes: schemas.outcomes, ...generated.figures},
    };
  } finally {
    await stop();
  }
};

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
