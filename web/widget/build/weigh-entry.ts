import {gzipSync} from 'node:zlib';
import type {Plugin, Rollup} from 'vite';

/** A built module, as far as its weight is concerned. */
export type BuiltModule = Pick<Rollup.OutputChunk, 'fileName' | 'code' | 'imports'>;

type Options = {
  /** What is built, for people. */
  readonly what: string;
  readonly mostBytes: number;
  /** The module that the entry loads at once, by the name of its chunk; by default, none. */
  readonly loads?: string;
};

/** Prints what an entry costs until the first message, and fails the build above the limit. */
export function weighEntry({what, mostBytes, loads}: Options): Plugin {
  return {
    name: 'weigh-entry',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk');
      const entries = chunks.filter((chunk) => chunk.isEntry || chunk.name === loads);
      const bytes = bytesAtFirst(entries, chunks);
      const sentence = `The ${what} loads ${bytes} bytes (gzip) until the first message; at most ${mostBytes}`;
      const entryCount = loads === undefined ? 1 : 2;
      if (bytes > mostBytes || entries.length < entryCount) this.error(sentence);
      process.stderr.write(`${sentence}\n`);
    },
  };
}

/** Bytes by gzip of some modules and all that they import, one by one as they are sent. */
export function bytesAtFirst(entries: readonly BuiltModule[], all: readonly BuiltModule[]): number {
  const loaded = new Set<BuiltModule>();
  const waiting = [...entries];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (loaded.has(next)) continue;
    loaded.add(next);
    const {imports} = next;
    waiting.push(...all.filter(({fileName}) => imports.includes(fileName)));
  }
  return [...loaded].reduce((sum, {code}) => sum + gzipSync(code).byteLength, 0);
}
