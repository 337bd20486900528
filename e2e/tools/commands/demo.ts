import type {Command} from '../command-line/command.ts';
import {engineNamed} from '../command-line/engine-named.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

const COMMAND = {
  start: 'npm run demo',
  purpose:
    'Starts a signal server and headless tabs that each hold a part of the model, asks one ' +
    'question and streams the answer; then stays up and prints the URL to open, until Ctrl-C.',
  operands: null,
  options: {
    prompt: {
      type: 'string',
      value: 'TEXT',
      default: 'What is the capital of France?',
      meaning: 'the question',
    },
    tabs: {type: 'string', value: 'N', default: '3', meaning: 'how many tabs lend'},
    'max-layers': {
      type: 'string',
      value: 'N',
      meaning: 'how many layers one tab can hold (default: an even share of the model)',
    },
    engine: {
      type: 'string',
      value: 'NAME',
      default: 'wasm',
      meaning: 'what runs the layers: wasm, or webgpu, which takes minutes on a software GPU',
    },
    'max-tokens': {
      type: 'string',
      value: 'N',
      default: '128',
      meaning: 'the longest answer, in tokens',
    },
    port: {
      type: 'string',
      value: 'N',
      default: '0',
      meaning: 'the port of the signal server; 0 is any free one',
    },
    once: {
      type: 'boolean',
      meaning: 'ends after the answer; the default when the output is not a terminal',
    },
    stay: {type: 'boolean', meaning: 'stays up after the answer, without a terminal too'},
    json: {
      type: 'string',
      value: 'FILE',
      meaning: 'writes the answer, the chain that served it and its speed to this file',
    },
  },
} as const satisfies Command;

await runToExit(COMMAND, async ({values, signal}) => {
  const maxLayers = values['max-layers'];
  const options = {
    prompt: values.prompt,
    tabCount: wholeNumber('tabs', values.tabs, 1),
    maxLayers: maxLayers === undefined ? null : wholeNumber('max-layers', maxLayers, 1),
    engine: engineNamed(values.engine),
    maxNewTokens: wholeNumber('max-tokens', values['max-tokens'], 1),
    port: portOf(values.port),
    jsonPath: values.json === undefined ? null : pathFromCaller(values.json),
    stay: values.stay ?? (values.once !== true && process.stdout.isTTY),
  };
  const {runDemo} = await import('../../demo/run-demo.ts');
  await runDemo({...options, signal});
});

function portOf(text: string): number {
  const port = wholeNumber('port', text, 0);
  if (port > 65_535) throw new Error(`--port must be at most 65535, and is "${text}"`);
  return port;
}
