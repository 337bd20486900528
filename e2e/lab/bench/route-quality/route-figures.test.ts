import {expect, test} from 'vitest';
import {leastBusiestWork} from './least-busiest-work.ts';
import {referencePools} from './reference-pools.ts';
import {routeFigures, type RouteQuestion} from './route-figures.ts';

const average = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('[RQ1] the least possible work of the busiest node is that of the best split', () => {
  // Two of three sessions to the pipeline of 2 ms, one to that of 3 ms: 4 ms.
  expect(leastBusiestWork([2, 3], 3)).toBeCloseTo(4);
  expect(leastBusiestWork([5], 4)).toBeCloseTo(20);
});

/** The whole set is measured by `npm run bench -- route-quality`. */
const small = [...referencePools()].filter(([, {snapshot}]) => snapshot.nodes.length <= 40);

function routed(sessions: RouteQuestion['sessions']) {
  const question = {sessions, seed: 1, staleClients: 1, staleMs: 0};
  return small.map(([, pool]) => routeFigures(pool, question));
}

test('[RQ2] on the small reference pools queues are short, and no node is busier than it must be', () => {
  const few = routed({perPipeline: 2});
  expect(average(few.map(({mean}) => mean))).toBeLessThan(0.7);
  expect(average(few.map(({p95}) => p95))).toBeLessThan(0.5);
  const many = routed(500);
  // No more is possible there: with every node busy all the time it is 0.79.
  expect(average(many.map(({leastMean}) => leastMean))).toBeGreaterThan(0.78);
  expect(average(many.map(({mean}) => mean))).toBeLessThan(0.87);
  expect(Math.max(...many.map(({busiest}) => busiest))).toBeLessThan(1.15);
});

test.each(['browser-36-flat-30l-407', 'hetero-20-4r-64l-222'])(
  '[RQ3] twenty clients with records 2 s old lose less than a tenth against one that knows: %s',
  (name) => {
    const pool = referencePools().get(name);
    if (pool === undefined) throw new Error(`There is no pool ${name}`);
    const question = {sessions: 300, seed: 1, staleClients: 20, staleMs: 2000};
    expect(routeFigures(pool, question).staleMean).toBeLessThan(1.1);
  },
);
