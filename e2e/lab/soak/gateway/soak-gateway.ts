import OpenAI from 'openai';
import {GGUFValueType} from '@huggingface/gguf';
import {BYTE_ALPHABET} from '#shared/model/text/bytes/byte-alphabet.ts';
import {SCHEMAS} from '../../../../signal-server/src/gateway/grammar/testing/schemas.ts';
import {Swarm} from '../../../swarm/start-swarm.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {log} from '../../../swarm/test-log.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {REPORTS_HEAP} from '../heap/heap-of.ts';
import type {ServerProcess} from '../../../swarm/server/server-process.ts';
import type {Soak} from '../soak.ts';
import {askGenerated} from './generated-requests.ts';
import {followSchemas} from './follow-schemas.ts';
import {hangUp} from './hang-up.ts';
import {walkManySchemas} from './many-schemas.ts';
import {overload} from './overload.ts';
import {joined, runParts, type Parts} from './run-parts.ts';
import {asksSecondServer} from './second-server.ts';
import {stallReader} from './stalled-reader.ts';
import {askByPython} from './suites/ask-by-python.ts';
import {openPython, type Python} from './suites/open-python.ts';
import {runSuites} from './suites/run-suites.ts';
import {takeTurns} from './take-turns.ts';

const TABS = 3;
const LAYERS = 30;
const SERVE_TIMEOUT_MS = 300_000;
/** Ends a text with the next letter, as many words of a real vocabulary do: the model draws what it writes. */
const ENDS_OF_TEXTS = BYTE_ALPHABET.map((letter) => `${letter}"`);
/**
 * End an answer, as they do in one or another real vocabulary. The suites want answers that end of themselves within 512
 * tokens: of a model that draws them, with two such tokens among 565, one answer in six does not.
 */
const ENDS_OF_ANSWERS = [
  '</s>',
  '<eos>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '[e~[',
  '<turn|>',
  '<end_of_turn>',
  '<|end|>',
  '<|eot_id|>',
  '<|eom_id|>',
];
/** Shows tools, and writes calls as Qwen's does. */
const TEMPLATE =
  "{% for tool in tools or [] %}{{ tool | tojson + '\\n' }}{% endfor %}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}{% for c in m.tool_calls or [] %}{% if not loop.first %}{{ '\\n' }}{% endif %}{{ '<tool_call>\\n{\"name\": \"' + c.function.name + '\", \"arguments\": ' + c.function.arguments | tojson + '}\\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}";

/** What the API promises, over three real tabs: all of it with a tiny model, schemas and suites with the real one too. */
export const soakGateway: Soak = async ({seed, only}, {signal}) => {
  const python = await openPython(signal);
  if (python.kind === 'missing') log(`Without Python: ${python.reason}`);
  const over = {python, signal};
  const result = joined([
    await runParts(PARTS_WITHOUT_TABS, {only, open: async () => ({over: seed, close: nothing})}),
    await runParts(PARTS_OF_TINY, {only, open: async () => openTiny(ENDS_OF_TEXTS, over)}),
    await runParts(PARTS_OF_TINY_THAT_ENDS, {
      only,
      open: async () => openTiny([...ENDS_OF_TEXTS, ...ENDS_OF_ANSWERS], over),
    }),
    await runParts(PARTS_OF_REAL, {only, open: async () => openReal(python, signal)}),
  ]);
  if (result.checks.length > 0) return result;
  const names = [PARTS_WITHOUT_TABS, PARTS_OF_TINY, PARTS_OF_TINY_THAT_ENDS, PARTS_OF_REAL].flatMap(
    Object.keys,
  );
  throw new Error(
    `No part has "${only.join('" or "')}" in its name; there are: ${names.join('; ')}`,
  );
};

type Asked = {
  readonly url: string;
  readonly model: string;
  readonly python: Python;
  readonly signal: AbortSignal;
};
type AskedTiny = Asked & {
  readonly server: ServerProcess;
  readonly other: ServerProcess;
  readonly tabs: readonly Tab[];
};

const PARTS_WITHOUT_TABS: Parts<number> = {'schemas by chance': walkManySchemas};

const PARTS_OF_TINY: Parts<AskedTiny> = {
  'tiny model: schemas': async (over) =>
    followSchemas(clientOf(over.url), {...over, schemas: SCHEMAS}),
  'an answer that is hung up': async (over) => hangUp(clientOf(over.url), over),
  'the client of Python': async (over) => askByPython(over.python, over),
  'eight callers': takeTurns,
  overload,
  'a reader that takes nothing': stallReader,
  'generated requests': async (over) => askGenerated(over.url, over),
  'two servers': async (over) => asksSecondServer({...over, joined: over.server}),
};

const PARTS_OF_TINY_THAT_ENDS: Parts<AskedTiny> = {
  'tiny model: suites': async (over) =>
    runSuites({...over, model: {id: over.model, knowsTools: true}}),
};

const PARTS_OF_REAL: Parts<Asked> = {
  'real model: schemas': async (over) =>
    followSchemas(clientOf(over.url), {...over, schemas: SCHEMAS}),
  'real model: suites': async (over) =>
    runSuites({...over, model: {id: over.model, knowsTools: false}}),
};

async function openTiny(
  words: readonly string[],
  {python, signal}: {readonly python: Python; readonly signal: AbortSignal},
) {
  const shape = {layerCount: LAYERS, hiddenSize: 64, contextTokens: 4_096};
  const metadata = {
    'tokenizer.chat_template': {value: TEMPLATE, type: GGUFValueType.STRING},
  };
  const {swarm, model, stop} = await startTinySwarm({
    gguf: {seed: 5, shape, metadata, words},
    serverProcesses: 2,
    delaysWasmTiering: false,
    // Callers are addresses, and what asks here speaks for many.
    serverSettings: {env: {TRUSTED_PROXIES: '127.0.0.1'}, nodeArgs: REPORTS_HEAP},
  });
  try {
    const tabs = await openTabs(swarm, {model: model.id, layerCount: LAYERS});
    const [server, other] = swarm.serverProcesses;
    if (server === undefined || other === undefined) throw new Error('There are two servers');
    const over = {url: server.url, model: model.id, server, other, tabs, python, signal};
    return {over, close: stop};
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function openReal(python: Python, signal: AbortSignal) {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  const close = async (): Promise<void> => swarm.stop();
  try {
    await openTabs(swarm, {model: model.id, layerCount: model.grid.layerCount});
    return {over: {url: swarm.server.url, model: model.id, python, signal}, close};
  } catch (cause) {
    await close();
    throw cause;
  }
}

const nothing = async (): Promise<void> => undefined;

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
