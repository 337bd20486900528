import {expect, test} from 'vitest';
import {ablationCells, GEOGRAPHIES, PLANNERS, ROUTERS} from './ablation-cell.ts';
import {ablationPage} from './ablation-page.ts';
import {runAblationCell} from './run-ablation-cell.ts';

test('[BN2] up to 128 nodes every geography, arrival and churn is tried; of more, some', () => {
  const cells = ablationCells([8, 512, 2048], 1);
  const sizes = cells.map(({nodes}) => nodes);
  expect([8, 512, 2048].map((size) => sizes.filter((nodes) => nodes === size).length)).toEqual([
    GEOGRAPHIES.length * 2 * 2,
    GEOGRAPHIES.length,
    1,
  ]);
});

const cell = {
  nodes: 8,
  geography: 'flat',
  arrival: 'bursty',
  churn: 'churn',
  seed: 1,
} as const;

test('[BN3] each planner meets each router in one world, with the same questions', async () => {
  const rows = runAblationCell(cell, {fewestRequests: 4});
  expect(rows.map(({planner, router}) => [planner, router])).toEqual(
    PLANNERS.flatMap((planner) => ROUTERS.map((router) => [planner, router])),
  );
  expect(new Set(rows.map(({asked}) => asked)).size).toBe(1);
  // Not every planner finds a pipeline in so small a world; ours does.
  expect(rows[0]).toMatchObject({planner: 'weft', router: 'weft', answered: rows[0]?.asked});

  // The page has all of it inside: a browser that opens it from disk asks nobody.
  const page = await ablationPage(rows);
  expect(page).not.toMatch(/<(?:script|link|img)[^>]+(?:src|href)=/u);
  expect(page).toContain('"in-turn plan, round-robin routing"');
});
