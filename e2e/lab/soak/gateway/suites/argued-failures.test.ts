import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {ARGUED} from './argued-failures.ts';

const DOCUMENT = new URL('../../../../../signal-server/src/gateway/README.md', import.meta.url);
const ROW = /^\| (compatcanary|llm-comply) +\| `([^`]+)` +\| (any|tools|no tools) +\| \S/gmu;

test('[GW15] each probe of a public suite that may fail has its reason in the document, and no other has', () => {
  const documented = [...readFileSync(DOCUMENT, 'utf8').matchAll(ROW)].map(([, ...cells]) =>
    cells.join(),
  );
  const argued = ARGUED.map(({suite, id, of}) => [suite, id, of].join());
  expect(documented.toSorted()).toEqual(argued.toSorted());
});
