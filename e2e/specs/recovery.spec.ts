import {expect, test} from '@playwright/test';
import {coveringFaults} from '../load/scenario/fault-matrix.ts';
import {ANSWER_TOKENS, measureMatrix} from '../load/testing/measure-matrix.ts';

test('[RC1] [RC3] [SN5] whatever ends a tab, wherever and whenever, two at once, and whoever takes over: each answer goes on with the same text', async () => {
  const cells = coveringFaults();
  const {summary, requests, events} = await measureMatrix({
    cells,
    holders: 3,
    seed: 1,
    temperature: 0.8,
  });
  const {length: count} = cells;
  expect(summary).toMatchObject({requests: count, completed: count, failed: 0, wrong: 0});
  const struck = events.filter(({kind}) => kind === 'fault');
  expect(struck).toHaveLength(cells.flat().length);
  const held = events.filter(({kind}) => kind === 'held');
  expect(held.map(({chains}) => chains)).toEqual(cells.map(() => 3));
  const endedWhile = (id: number) => {
    const [from, to] = [id, id + 1].map((asked) =>
      events.findIndex(({kind, request}) => kind === 'held' && request === asked),
    );
    return events
      .slice(from, to === -1 ? undefined : to)
      .filter(({kind, fault}) => kind === 'fault' && fault !== 'crash-engine');
  };
  for (const {id, tokenIds, chains, recoveries} of requests) {
    expect(endedWhile(id).length).toBeGreaterThan(0);
    expect(tokenIds).toHaveLength(ANSWER_TOKENS);
    const lost = events.filter(({kind, request}) => kind === 'request-lost-hop' && request === id);
    const lastHops = chains.at(-1)?.map(({node}) => node);
    // Whose engine crashed, or who was only late, may serve again.
    for (const {node} of endedWhile(id)) expect(lastHops).not.toContain(node);
    expect(lost.length).toBeGreaterThanOrEqual(recoveries.length);
    for (const {replayedTokens} of recoveries) expect(replayedTokens).toBeGreaterThan(0);
  }
});
