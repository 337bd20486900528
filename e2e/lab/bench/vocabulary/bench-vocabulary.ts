import type {Page} from 'playwright';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import type {Swarm} from '../../../swarm/start-swarm.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';
import {MainThread} from '../tabs/main-thread.ts';

/** As Gemma's; and so few that what is left is the page's own work. */
const TOKENS = 262_144;
const FEW_TOKENS = 512;
const ROUNDS = 3;
/** What is longer holds up a page for the eye. */
const ALLOWED_MS = 50;
const TIMEOUT_MS = 600_000;
const LAYERS = 2;

const PAGES = {'a page that asks': ask, 'a page that lends': lend};
const FIGURES = {'longest task': 'longestMs', 'time of its main thread': 'taskMs'} as const;

/** What the main thread of a page did from its opening on. */
type Load = {readonly longestMs: number; readonly taskMs: number};
type Loads = Readonly<Record<string, Load>>;

/**
 * What a vocabulary of 262,144 tokens does to the main thread of a page, in turn with a tiny one: of a page that asks until
 * its prompt is known, and of one that lends until it has an answer of its own.
 */
export const benchVocabulary: Benchmark = async ({print}) => {
  const rounds: {readonly few: Loads; readonly many: Loads}[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({few: await loadsOf(FEW_TOKENS), many: await loadsOf(TOKENS)});
  }
  for (const page of Object.keys(PAGES)) {
    for (const [figure, key] of Object.entries(FIGURES)) {
      const many = rounds.map((round) => round.many[page]?.[key] ?? Number.NaN);
      const few = rounds.map((round) => round.few[page]?.[key] ?? Number.NaN);
      print({
        name: `vocabulary, ${TOKENS} tokens against ${FEW_TOKENS}, ${page}: ${figure}`,
        value: percentile(many, 50),
        unit: 'ms',
        against: percentile(few, 50),
        ratio: percentile(many, 50) / percentile(few, 50),
        ...(key === 'longestMs' && {floor: ALLOWED_MS}),
        ...spreadOf(many),
      });
    }
  }
};

async function loadsOf(madeUpTokens: number): Promise<Loads> {
  const shape = {layerCount: LAYERS, hiddenSize: 32, feedForwardSize: 32};
  const {swarm, stop} = await startTinySwarm({
    gguf: {seed: 1, shape, madeUpTokens},
    delaysWasmTiering: false,
  });
  try {
    const loads: Record<string, Load> = {};
    for (const [name, use] of Object.entries(PAGES)) loads[name] = await use(swarm);
    return loads;
  } finally {
    await stop();
  }
}

async function ask(swarm: Swarm): Promise<Load> {
  const page = await swarm.openPage('');
  const thread = await MainThread.of(page);
  await askHello(page);
  await expectShown(page, /Nobody serves layers/u);
  return await closed(page, thread);
}

/** It reads the vocabulary as soon as it serves, and needs it for its own question. */
async function lend(swarm: Swarm): Promise<Load> {
  const page = await swarm.openPage(`engine=wasm&maxLayers=${LAYERS}`);
  const thread = await MainThread.of(page);
  await page.getByRole('button', {name: 'Lend this tab'}).click();
  await expectShown(page, /Tokens served/u);
  await askHello(page);
  await expectShown(page, /First token after/u);
  return await closed(page, thread);
}

async function askHello(page: Page): Promise<void> {
  await page.getByRole('textbox', {name: 'Your question'}).fill('hello');
  await page.getByRole('button', {name: 'Ask'}).click();
}

async function expectShown(page: Page, text: RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({timeout: TIMEOUT_MS});
}

async function closed(page: Page, thread: MainThread): Promise<Load> {
  const load = {longestMs: await thread.longestTaskMs(), taskMs: (await thread.time()).taskMs};
  await page.close();
  return load;
}
