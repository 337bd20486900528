import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {expect, test} from '@playwright/test';
import {chromium} from 'playwright';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {LLAMA, TINY_FAMILIES} from '#shared/testing/tiny-models/tiny-families.ts';
import {measureScenario, type Measurement} from '../load/measure-scenario.ts';
import {offerModel} from '../load/scenario/offer-model.ts';
import {openRunFolder, type RunFolder} from '../load/run-folder.ts';
import {parseScenario} from '../load/scenario/scenario.ts';
import {expectedStubAnswer} from '../load/testing/expected-stub-answer.ts';
import {measureTiny, PATIENT} from '../load/testing/measure-tiny.ts';
import {reportSchema} from '../load/testing/report-fields.ts';
import {specOfGguf} from '../load/testing/spec-of-gguf.ts';
import {chromiumArguments, findChromium} from '../tools/machine/find-chromium.ts';
import {runProcess} from '../tools/machine/run-process.ts';
import {expectLivesHeard} from '../load/testing/expect-lives-heard.ts';
import {log} from '../swarm/test-log.ts';

const COMMAND = fileURLToPath(new URL('../tools/commands/swarm.ts', import.meta.url));
const LAYER_COUNT = 48;
const HIDDEN_SIZE = 64;
const CONTEXT_TOKENS = 2_048;
/** What a stub of the tiny model says to these: 15 tokens, and 1,809, which take far longer than any fault. */
const BRIEF = {tokenIds: [288]};
const ENDLESS = {tokenIds: [240, 63]};

let folder: string;
let modelPath: string;
let runFolder: RunFolder;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-spec-'));
  runFolder = await openRunFolder();
  modelPath = join(folder, 'tiny.gguf');
  await writeFile(
    modelPath,
    tinyGguf({
      seed: 1,
      shape: {layerCount: LAYER_COUNT, hiddenSize: HIDDEN_SIZE, contextTokens: CONTEXT_TOKENS},
    }),
  );
});

test.afterAll(async () => {
  await runFolder.remove();
  await rm(folder, {recursive: true});
});

/** A scenario in this process. */
async function measure(scenarioJson: Record<string, unknown>): Promise<Measurement> {
  const scenario = parseScenario({model: modelPath, ...PATIENT, ...scenarioJson});
  const {signal} = new AbortController();
  const ownFolder = await mkdtemp(join(runFolder.path, 'site-'));
  const model = await offerModel(scenario, {folder: ownFolder, log, signal});
  return measureScenario({scenario, model, signal, log});
}

/** Chromium's sockets have short paths, so a folder for a run's temporary files has one too. */
const SHORT_BASE = tmpdir().length <= '/var/tmp'.length ? tmpdir() : '/tmp';

/** `npm run swarm` in a process of its own: its report, when it has left nothing on the machine. */
async function runCommand(name: string, scenario: Record<string, unknown>) {
  const temporary = await mkdtemp(join(SHORT_BASE, 'weft-'));
  const scenarioPath = join(folder, `${name}.json`);
  const reportDir = join(folder, name);
  await writeFile(scenarioPath, JSON.stringify({...PATIENT, ...scenario}));
  const outcome = await runProcess({
    file: process.execPath,
    args: [COMMAND, scenarioPath, '--report', reportDir],
    env: {...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary},
    timeoutMs: 300_000,
  });
  const text = await readFile(join(reportDir, 'report.json'), 'utf8');
  await expectNothingLeft(temporary);
  return {outcome, report: reportSchema.parse(JSON.parse(text)), reportDir};
}

test('[SW2] the same scenario twice gives the same texts', async () => {
  const scenario = {
    seed: 7,
    tabs: [{engine: 'stub', maxLayers: LAYER_COUNT}],
    requests: {
      prompts: ['hello world', 'because', 'you'],
      count: 6,
      arrival: 'bursty',
      perSec: 20,
      temperature: 1,
      seed: 9,
    },
  };
  const runs = await Promise.all([measure(scenario), measure(scenario)]);
  expect(runs.map(({isGood}) => isGood)).toEqual([true, true]);
  const texts = runs.map(({report}) =>
    report.requests.map(({text, tokenIds}) => ({text, tokenIds})),
  );
  expect(texts[0]).toEqual(texts[1]);
  expect(new Set(texts[0]?.map(({text}) => text)).size).toBe(3);
});

test('[WR4] [KV10] real tabs that hold a part each answer what the outside reference computes, beyond the windows of the model', async () => {
  // Its windows see 16 tokens, and have kept 272 when the prompt ends.
  const tokenIds = Array.from({length: 300}, (_, at) => 3 + ((at * 37) % 250));
  const gguf = tinyGguf({seed: 31, family: TINY_FAMILIES['gemma3'] ?? LLAMA});
  const {report, isGood} = await measureTiny(gguf, {
    tabs: [{count: 2, engine: 'wasm', maxLayers: 4}],
    requests: {prompts: [{tokenIds}, 'hello world'], maxTokens: 6},
    reference: 'outside',
  });
  expect(report.summary).toMatchObject({requests: 2, completed: 2, wrong: 0});
  expect(isGood).toBe(true);
  for (const {chains} of report.requests) expect(chains.map(({length}) => length)).toEqual([2]);
});

/** An engine that crashes comes back twice. */
const FAULTS = {
  'crash-engine': [{afterTokens: 4}, {afterRecoveries: 1}, {afterRecoveries: 2}],
  'close-tab': [{afterTokens: 4}],
} as const;

/** What is right to say to both questions, by one stub: a run with its file needs no second one without the faults. */
async function writeReference(): Promise<string> {
  const spec = await specOfGguf(new Uint8Array(await readFile(modelPath)));
  const greedy = {spec, maxTokens: CONTEXT_TOKENS - 2, temperature: 0, seed: 0};
  const answers = [BRIEF, ENDLESS].map(({tokenIds}) =>
    expectedStubAnswer({...greedy, promptTokenIds: tokenIds}),
  );
  const path = join(folder, 'reference.json');
  await writeFile(path, JSON.stringify(await Promise.all(answers)));
  return path;
}

test('[SW3] [SW5] [TE6] a fault strikes a real tab at its token, and where nobody is left the request says so, and nothing is left behind', async () => {
  const kinds = ['crash-engine', 'close-tab'] as const;
  const reference = await writeReference();
  const runs = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      ...(await runCommand(kind, {
        model: modelPath,
        // Slow: what the others say before anybody has seen the fault is work for nothing.
        tabs: [{count: 3, engine: 'stub', maxLayers: 16, slowdown: 5}],
        requests: {prompts: [BRIEF, ENDLESS], maxTokens: CONTEXT_TOKENS - 2},
        faults: FAULTS[kind].map((when) => ({kind, target: 'stage:1', request: 1, ...when})),
        ...(kind === 'crash-engine' && {reference}),
      })),
    })),
  );
  for (const {kind, outcome, report} of runs) {
    expect(outcome).toMatchObject({kind: 'ended', code: 1});
    expect(report.summary).toMatchObject({requests: 2, completed: 1, failed: 1, wrong: 0});
    const [whole, broken] = report.requests;
    expect(whole).toMatchObject({error: null, finishReason: 'stop'});
    const lost = broken?.chains[0]?.[1];
    const tokens = broken?.tokenIds.length ?? 0;
    expect(tokens).toBeGreaterThanOrEqual(4);
    expect(broken).toMatchObject({
      errorCode: 'LAYERS_LOST',
      error: `The answer stopped after ${tokens} tokens: a tab was lost, and no other holds layers ${lost?.startLayer}–${lost?.endLayer}; ask again when one does`,
      finishReason: null,
      isWrong: false,
    });
    const strike = {fault: kind, node: lost?.node};
    expect(report.events.filter((event) => event.kind === 'fault')).toMatchObject(
      FAULTS[kind].map(() => strike),
    );
    // Each chain of the answer is over the same tabs.
    expect(broken?.chains).toEqual(FAULTS[kind].map(() => broken?.chains[0]));
    expectLivesHeard(report, kind === 'crash-engine' ? ['failed'] : []);
    const restarts = report.tabEvents.filter(({event}) => event === 'engine-lost');
    expect(restarts).toHaveLength(FAULTS[kind].length - 1);
  }
});

test('[SW4] too few tabs: the command fails, every error names the layers, and the page of the report opens from disk', async () => {
  const {outcome, report, reportDir} = await runCommand('gap', {
    model: modelPath,
    tabs: [{engine: 'stub', maxLayers: 40}],
    requests: {prompts: ['Hi'], count: 3, arrival: 'all'},
  });
  expect(outcome).toMatchObject({kind: 'ended', code: 1});
  expect(report.summary).toMatchObject({completed: 0, failed: 3, coverageMs: null});
  for (const {error} of report.requests) {
    const sentence = /^No tab holds layers ([\d–, ]+) \((\d+) layers in all\)/u.exec(error ?? '');
    expect(sentence?.[2], error ?? '').toBe('8');
    const ranges = (sentence?.[1] ?? '').split(', ').map((range) => range.split('–').map(Number));
    expect(ranges.reduce((sum, [start = 0, end = 0]) => sum + end - start, 0)).toBe(8);
  }
  await expectPageToOpen(join(reportDir, 'report.html'));
});

async function expectPageToOpen(path: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: await findChromium({log}),
    args: chromiumArguments({webgpu: false}),
  });
  try {
    const page = await browser.newPage();
    const requested: string[] = [];
    const problems: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(pathToFileURL(path).href);
    await expect(page.locator('canvas')).toHaveCount(2);
    expect(requested).toEqual([pathToFileURL(path).href]);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
}

for (const [signal, howItEnds] of [
  ['SIGINT', 'cancelled'],
  ['SIGKILL', 'killed'],
] as const) {
  test(`[SW5] a run that is ${howItEnds} leaves no process and no temporary folder behind`, async () => {
    const temporary = await mkdtemp(join(SHORT_BASE, 'weft-'));
    const scenarioPath = join(folder, 'endless.json');
    const tabs = [
      {count: 1, engine: 'stub', maxLayers: 24},
      {engine: 'stub', maxLayers: 24, joinAtMs: 9e6},
    ];
    await writeFile(
      scenarioPath,
      JSON.stringify({model: modelPath, tabs, requests: {prompts: ['Hi']}}),
    );
    const child = spawn(
      process.execPath,
      [COMMAND, scenarioPath, '--report', join(folder, howItEnds)],
      {
        env: {...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary},
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const ended = once(child, 'close');
    await lineOf(child, /Opening 2 lending tabs/u);
    expect(await readdir(temporary)).toHaveLength(1);
    expect(await processesOf(temporary)).not.toEqual([]);
    child.kill(signal);
    await ended;
    if (signal === 'SIGINT') expect(child.exitCode).toBe(130);
    await expectNothingLeft(temporary);
  });
}

/** Removes a run's folder when it is empty and no process works in it: a browser's helpers end after it. */
async function expectNothingLeft(temporary: string): Promise<void> {
  await expect.poll(() => processesOf(temporary)).toEqual([]);
  await expect.poll(() => readdir(temporary)).toEqual([]);
  await rm(temporary, {recursive: true});
}

/** Resolves when the program has written such a line to its standard error. */
async function lineOf(child: ChildProcess, wanted: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (wanted.test(text)) resolve();
    });
    child.once('close', () => {
      reject(new Error(`The command ended before it printed ${String(wanted)}:\n${text}`));
    });
  });
}

/** Command lines of processes that work in `path`. */
async function processesOf(path: string): Promise<readonly string[]> {
  // A browser's are long, and other browsers may run: the whole list, not its end.
  const {stdout} = await promisify(execFile)('ps', ['-eo', 'args'], {maxBuffer: Infinity});
  return stdout.split('\n').filter((line) => line.includes(path));
}
