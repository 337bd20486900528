import OpenAI from 'openai';
import {GGUFValueType} from '@huggingface/gguf';
import {SCHEMAS} from '../../../../signal-server/src/gateway/grammar/testing/schemas.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {log} from '../../../swarm/test-log.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {REPORTS_HEAP} from '../heap/heap-of.ts';
import type {Soak, SoakResult} from '../soak.ts';
import {askGenerated} from './generated-requests.ts';
import {followSchemas} from './follow-schemas.ts';
import {hangUp} from './hang-up.ts';
import {walkManySchemas} from './many-schemas.ts';
import {overload} from './overload.ts';
import {asksSecondServer} from './second-server.ts';
import {stallReader} from './stalled-reader.ts';
import {askByPython} from './suites/ask-by-python.ts';
import {openPython, type Python} from './suites/open-python.ts';
import {runSuites} from './suites/run-suites.ts';
import {takeTurns} from './take-turns.ts';

const TABS = 3;
const LAYERS = 30;
const SERVE_TIMEOUT_MS = 300_000;
/** Shows tools, and writes calls as Qwen's does. */
const TEMPLATE =
  "{% for tool in tools or [] %}{{ tool | tojson + '\\n' }}{% endfor %}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}{% for c in m.tool_calls or [] %}{% if not loop.first %}{{ '\\n' }}{% endif %}{{ '<tool_call>\\n{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments | tojson + '}\\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

/** What the API promises, over three real tabs: all of it with a tiny model, schemas and suites with the real one too. */
export const soakGateway: Soak = async ({seed}, {signal}) => {
  log('schemas by chance');
  const walked = await walkManySchemas(seed);
  const python = await openPython(signal);
  if (python.kind === 'missing') log(`Without Python: ${python.reason}`);
  const tiny = await overTinyModel(python, signal);
  const real = await overRealModel(python, signal);
  return {
    checks: [...walked.checks, ...tiny.checks, ...real.checks],
    figures: {...walked.figures, ...tiny.figures, real: real.figures},
  };
};

async function overTinyModel(python: Python, signal: AbortSignal): Promise<SoakResult> {
  const shape = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
  const metadata = {
    'tokenizer.chat_template': {value: TEMPLATE, type: GGUFValueType.STRING},
  };
  const {swarm, model, stop} = await startTinySwarm({
    gguf: {seed: 5, shape, metadata},
    serverProcesses: 2,
    // Callers are addresses, and what asks here speaks for many.
    serverSettings: {env: {TRUSTED_PROXIES: '127.0.0.1'}, nodeArgs: REPORTS_HEAP},
  });
  try {
    const tabs = await openTabs(swarm, {model: model.id, layerCount: LAYERS});
    const [server, other] = swarm.serverProcesses;
    if (server === undefined || other === undefined) throw new Error('There are two servers');
    const {url} = server;
    const openai = clientOf(url);
    const asked = {model: model.id, signal};
    const suiteModel = {id: model.id, knowsTools: true};
    return await inTurn({
      schemas: async () => followSchemas(openai, {...asked, schemas: SCHEMAS}),
      'an answer that is hung up': async () => hangUp(openai, {...asked, tabs}),
      'the client of Python': async () => askByPython(python, {url, model: model.id, tabs}),
      suites: async () => runSuites({url, model: suiteModel, python, signal}),
      'eight callers': async () => takeTurns({...asked, url}),
      overload: async () => overload({...asked, server}),
      'a reader that takes nothing': async () => stallReader({...asked, server, tabs}),
      'generated requests': async () => askGenerated(url, asked),
      'two servers': async () => asksSecondServer({...asked, joined: server, other}),
    });
  } finally {
    await stop();
  }
}

async function overRealModel(python: Python, signal: AbortSignal): Promise<SoakResult> {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    await openTabs(swarm, {model: model.id, layerCount: model.grid.layerCount});
    const {url} = swarm.server;
    const asked = {model: model.id, schemas: SCHEMAS, signal};
    const suiteModel = {id: model.id, knowsTools: false};
    return await inTurn({
      'schemas with the real model': async () => followSchemas(clientOf(url), asked),
      'suites with the real model': async () => runSuites({url, model: suiteModel, python, signal}),
    });
  } finally {
    await swarm.stop();
  }
}

async function inTurn(
  parts: Readonly<Record<string, () => Promise<SoakResult>>>,
): Promise<SoakResult> {
  const results: SoakResult[] = [];
  for (const [what, run] of Object.entries(parts)) {
    log(what);
    const result = await run();
    for (const {says, value, limit, holds} of result.checks) {
      log(`  ${holds ? 'holds' : 'FAILS'}: ${says}: ${value}, limit ${limit}`);
    }
    results.push(result);
  }
  return {
    checks: results.flatMap(({checks}) => checks),
    figures: Object.fromEntries(results.flatMap(({figures}) => Object.entries(figures))),
  };
}

async function openTabs(
  swarm: Swarm,
  {model, layerCount}: {readonly model: string; readonly layerCount: number},
): Promise<readonly Tab[]> {
  const capacity = {kind: 'layers', maxLayers: Math.ceil(layerCount / TABS)} as const;
  const timeoutMs = SERVE_TIMEOUT_MS;
  return await swarm.openServingTabs(TABS, {engine: 'wasm', capacity}, {model, timeoutMs});
}

function clientOf(url: string): OpenAI {
  return new OpenAI({baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 2});
}
