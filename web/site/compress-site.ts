import {promisify} from 'node:util';
import {readFile, writeFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {brotliCompress, constants, gzip} from 'node:zlib';
import type {Plugin} from 'vite';
import {filesIn} from './files-in.ts';
import {inBuiltSite} from './in-built-site.ts';

/** What shrinks: text and WebAssembly. Pictures and fonts are packed already. */
const SHRINKS: ReadonlySet<string> = new Set([
  '.css',
  '.html',
  '.js',
  '.json',
  '.mjs',
  '.svg',
  '.txt',
  '.wasm',
]);
/** Less is not worth two files more. The page itself and its catalogue are a little larger. */
const MIN_BYTES = 512;
/** Above it the best quality of Brotli takes minutes, for a twelfth less. */
const SLOW_BYTES = 4_000_000;
const SLOW_QUALITY = 5;

const brotliOf = promisify(brotliCompress);
const gzipOf = promisify(gzip);

/**
 * Writes `NAME.br` and `NAME.gz` beside every file of the site that shrinks, so
 * that the server compresses nothing while it serves. Both, because browsers
 * accept Brotli from `https:` and from their own machine only.
 */
export function compressSite(): Plugin {
  return inBuiltSite('compress-site', async (folder) => {
    const shrinking = (await filesIn(folder)).filter((path) => SHRINKS.has(extname(path)));
    await Promise.all(shrinking.map(async (path) => compressFile(join(folder, path))));
  });
}

async function compressFile(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.byteLength < MIN_BYTES) return;
  const isLarge = bytes.byteLength > SLOW_BYTES;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: isLarge ? SLOW_QUALITY : constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
  };
  await Promise.all([
    brotliOf(bytes, {params}).then(async (packed) => writeFile(`${path}.br`, packed)),
    gzipOf(bytes, {level: isLarge ? 6 : 9}).then(async (packed) => writeFile(`${path}.gz`, packed)),
  ]);
}
