/// <reference types="node" />
import {readdirSync, readFileSync} from 'node:fs';
import {parsePool, type Pool} from '#shared/lab/pools/pool-file.ts';

const FOLDER = new URL('../../../../shared/lab/pools/reference/', import.meta.url);

/** The pools on which Parallax's own code has been run, by name. */
export function referencePools(): ReadonlyMap<string, Pool> {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json') && !name.endsWith('.parallax.json'))
    .toSorted();
  return new Map(
    names.map((name) => {
      const json: unknown = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
      return [name.replace('.json', ''), parsePool(json)];
    }),
  );
}
