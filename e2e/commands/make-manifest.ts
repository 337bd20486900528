import {TextUnsupportedError} from '#shared/model/text/text-unsupported-error.ts';
import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';
import {manifestOfFile} from '../swarm/manifest-of-file.ts';

const USAGE = 'Usage: npm run -s make-manifest -- FILE --id ID --cut-every LAYERS [--token-ids]';

/**
 * Prints the manifest of a GGUF file: one JSON document on standard output. A model that no
 * client can chat with is refused, unless it is offered for prompts that are token ids.
 */
await runToExit(async () => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {
      id: {type: 'string', default: ''},
      'cut-every': {type: 'string', default: ''},
      'token-ids': {type: 'boolean', default: false},
    },
  });
  const [path] = positionals;
  const {id, 'cut-every': layers} = values;
  if (path === undefined || positionals.length > 1 || id === '' || layers === '') {
    throw new Error(USAGE);
  }
  const cutEvery = wholeNumber('cut-every', layers, 1);
  const prompts = values['token-ids'] ? 'token-ids' : 'chat';
  const manifest = await manifestOfFile({path: pathFromCaller(path), id, cutEvery, prompts}).catch(
    (error: unknown) => {
      if (!(error instanceof TextUnsupportedError)) throw error;
      throw new Error(`${error.message}; or offer it for token ids only, with --token-ids`, {
        cause: error,
      });
    },
  );
  process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
});
