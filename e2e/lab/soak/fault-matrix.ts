import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {Report} from '../../load/report/report.ts';
import {
  cutFaults,
  MOMENTS,
  pairedFaults,
  replacedFaults,
  singleFaults,
  type MatrixCell,
} from '../../load/scenario/fault-matrix.ts';
import {measureMatrix} from '../../load/testing/measure-matrix.ts';
import type {Soak} from './soak.ts';

const TEMPERATURES = [0, 0.8];
const RUNS: readonly {
  readonly name: string;
  readonly cells: readonly MatrixCell[];
  readonly holders: 2 | 3;
}[] = [
  {name: 'one fault', cells: singleFaults(), holders: 2},
  {name: 'a link that is cut', cells: cutFaults(MOMENTS), holders: 2},
  {name: 'two at once', cells: pairedFaults(), holders: 2},
  {name: 'the replacement too', cells: replacedFaults(), holders: 3},
];

/** Every kind of fault at every stage and moment of an answer: each is complete, with the same text. */
export const soakFaultMatrix: Soak = async ({seed}, {signal}) => {
  const runs: {readonly name: string; readonly report: Report}[] = [];
  for (const {name, cells, holders} of RUNS) {
    for (const temperature of TEMPERATURES) {
      signal.throwIfAborted();
      const report = await measureMatrix({cells, holders, seed, temperature});
      runs.push({name: `${name}, temperature ${temperature}`, report});
    }
  }
  return {
    checks: runs.flatMap(({name, report: {summary, events}}) => {
      const skipped = events.filter(({kind}) => kind === 'fault-skipped').length;
      return [
        atLeast(`${name}: answers complete`, summary.completed, summary.requests),
        atMost(`${name}: answers wrong`, summary.wrong, 0),
        atMost(`${name}: faults that did not happen`, skipped, 0),
      ];
    }),
    figures: Object.fromEntries(runs.map(({name, report: {summary}}) => [name, summary])),
  };
};
