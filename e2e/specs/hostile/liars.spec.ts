import {expect, test} from '@playwright/test';
import {asPeerId} from '#shared/base/ids.ts';
import {halfOf, HostileWorld} from '../../pages/hostile/hostile-world.ts';
import {everyLie, meetLiars, wrongWith} from '../../pages/hostile/meet-liars.ts';
import type {Answer} from '../../swarm/answer.ts';
import {askForAnswer, beginAnswer, greedyRequest} from '../../swarm/ask.ts';
import type {Tab} from '../../swarm/tab.ts';
import {log} from '../../swarm/test-log.ts';

const REQUEST = greedyRequest('What is the capital of France?', {maxNewTokens: 6});
/** Lasts longer than any delay. */
const ENDLESS = greedyRequest('What is the capital of France?', {maxNewTokens: 3_000});
const LEND_TIMEOUT_MS = 60_000;

/** One of each kind that shows at once; `npm run soak -- liars` has them all. */
const CHOSEN = new Set([
  'early head refuses with VERSION_MISMATCH',
  'early head refuses with PROMPT_TOO_LONG',
  'early head blames another with PEER_LEFT',
  'early tail refuses with BAD_PAYLOAD',
  'early head asks the tail for other likeliest tokens',
  'early tail blames another with WRONG_MODEL',
  'early tail blames a hop that there is not',
  'early tail is ready at a position that it was not asked for',
  'early tail sends a token outside the vocabulary',
  'early tail sends a token of no probability',
  'early tail sends a token at another position',
  'early tail sends a message that nobody can read',
  'early tail ends before the first word',
  'late head refuses with PROMPT_TOO_LONG',
  'late head blames another with PEER_LEFT',
  'late head runs a step twice',
  'late tail sends a token outside the vocabulary',
  'late tail sends a message that nobody can read',
  'beside tail goes on after the last token',
  'beside tail makes up what the others took',
]);

let world: HostileWorld;
let quiet: Answer;
test.beforeAll(async () => {
  world = await HostileWorld.start(log);
  quiet = await askForAnswer(world.client, REQUEST);
});
test.afterAll(async () => {
  await world.stop();
});

const RULES = [
  [
    'early',
    '[HO12] a hop that lies before the first token ends no answer, none of its tokens is shown, and it is not asked again',
  ],
  [
    'late',
    '[HO13] a hop that lies after the first token ends no answer, none of its tokens is shown, and it is not asked again',
  ],
  [
    'beside',
    '[HO14] what a tail adds to a right answer changes nothing of it, nor what is expected of other hops',
  ],
] as const;

for (const [time, rule] of RULES) {
  test(rule, async () => {
    const lies = everyLie(world).filter(
      ({when, at, what}) => when === time && CHOSEN.has(`${when} ${at} ${what}`),
    );
    expect(lies).toHaveLength([...CHOSEN].filter((name) => name.startsWith(time)).length);
    for (const met of await meetLiars(world, lies, REQUEST)) {
      await test.step(`${met.at} ${met.what}`, () => {
        expect(wrongWith(met, {world, quiet})).toEqual([]);
      });
    }
  });
}

/** One more tab for each half of the model. @returns all that lend, by node. */
async function openSpares(): Promise<ReadonlyMap<string, Tab>> {
  const {swarm, model, head, tail} = world;
  const open = () => swarm.openLendingTab(halfOf(model), {model: model.id});
  const lending = [head.tab, tail.tab, await open(), await open()];
  return new Map(
    await Promise.all(
      lending.map(async (tab) => {
        await tab.waitForLendState(['serving'], {timeoutMs: LEND_TIMEOUT_MS});
        const {peerId} = await tab.traffic();
        await world.waitUntilKnown(asPeerId(peerId));
        return [peerId, tab] as const;
      }),
    ),
  );
}

test('[HO15] the question after a tab was closed, in the middle of an answer or after it, does not ask it', async () => {
  const {client} = world;
  const lending = await openSpares();
  const isLinked = async (node: string) =>
    (await client.links()).some(({peerId}) => peerId === node);
  for (const [at, when] of [
    [1, 'during'],
    [0, 'after'],
  ] as const) {
    const answer = await beginAnswer(client, ENDLESS);
    const closed = answer.nodes[at] ?? '';
    if (when === 'after') await answer.stop();
    // As a browser closes a tab: the page hears of it, unlike with Playwright's own close.
    await lending.get(closed)?.page.goto('about:blank');
    await expect.poll(() => isLinked(closed)).toBe(false);
    await answer.stop();
    const {tokenIds, chains} = await askForAnswer(client, REQUEST);
    expect(tokenIds).toEqual(quiet.tokenIds);
    expect(chains).toHaveLength(1);
    expect(chains[0]?.map(({node}) => node)).not.toContain(closed);
  }
});
