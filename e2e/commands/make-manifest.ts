import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';
import {manifestOfFile} from '../swarm/manifest-of-file.ts';

const USAGE = 'Usage: npm run -s make-manifest -- FILE --id ID --cut-every LAYERS';

/** Prints the manifest of a GGUF file: one JSON document on standard output. */
await runToExit(async () => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {id: {type: 'string', default: ''}, 'cut-every': {type: 'string', default: ''}},
  });
  const [path] = positionals;
  const {id, 'cut-every': layers} = values;
  if (path === undefined || positionals.length > 1 || id === '' || layers === '') {
    throw new Error(USAGE);
  }
  const cutEvery = wholeNumber('cut-every', layers, 1);
  const manifest = await manifestOfFile({path, id, cutEvery});
  process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
});
