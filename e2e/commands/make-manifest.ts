/// <reference types="node" />
import {parseArgs} from 'node:util';
import {manifestOfFile} from '../swarm/manifest-of-file.ts';

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
  const manifest = await manifestOfFile({path, id: values.id, cutEvery});
  process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
