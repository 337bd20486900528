import {engineNamed} from '../command-line/engine-named.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

await runToExit(
  {
    start: 'npm run -s check-model',
    purpose:
      'Runs a whole GGUF file in one real tab and prints, as one JSON document, the greedy token ids ' +
      'of each prompt and the five best logits of each step. End tokens do not end an answer.',
    operands: {name: 'FILE.gguf', meaning: 'the model', count: 'one'},
    options: {
      prompts: {
        type: 'string',
        value: 'PROMPTS.json',
        meaning: 'a list of lists of token ids (required)',
      },
      engine: {type: 'string', value: 'NAME', default: 'wasm', meaning: 'wasm or webgpu'},
      'max-tokens': {type: 'string', value: 'N', default: '16', meaning: 'ids after each prompt'},
    },
  },
  async ({values, positionals: [path = ''], signal}) => {
    if (values.prompts === undefined) throw new Error('--prompts is missing: a file of token ids');
    const engine = engineNamed(values.engine);
    const maxNewTokens = wholeNumber('max-tokens', values['max-tokens'], 1);
    const {readPrompts} = await import('../../check-model/read-prompts.ts');
    const prompts = await readPrompts(values.prompts);
    const {checkModel} = await import('../../check-model/check-model.ts');
    const model = {path: pathFromCaller(path), prompts, engine, maxNewTokens};
    const checked = await checkModel({...model, log: printProgress, signal});
    process.stdout.write(`${JSON.stringify(checked)}\n`);
  },
);

function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
