/// <reference types="node" />
import {createHash} from 'node:crypto';
import {openAsBlob} from 'node:fs';
import {parseArgs} from 'node:util';
import {blobByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {makeManifest} from '#shared/model/make-manifest.ts';

const USAGE = 'Usage: npm run -s make-manifest -- FILE --id ID --cut-every LAYERS';

/** Prints the manifest of a GGUF file: one JSON document on standard output. */
async function main(): Promise<void> {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {id: {type: 'string'}, 'cut-every': {type: 'string'}},
  });
  const [path] = positionals;
  const cutEvery = Number(values['cut-every']);
  if (path === undefined || values.id === undefined || !Number.isInteger(cutEvery)) {
    throw new TypeError(USAGE);
  }
  const blob = await openAsBlob(path);
  const source = blobByteSource(blob);
  const manifest = await makeManifest({
    id: values.id,
    cutEvery,
    gguf: await parseGguf(source),
    source,
    fileSha256: await sha256OfBlob(blob),
    sha256: async (bytes) => createHash('sha256').update(bytes).digest('hex'),
  });
  process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
}

async function sha256OfBlob(blob: Blob): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of blob.stream()) hash.update(piece);
  return hash.digest('hex');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
