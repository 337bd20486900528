import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';
import {runDemo, type DemoOptions} from '../demo/run-demo.ts';

await runToExit((signal) => runDemo({...readOptions(), signal}));

function readOptions(): Omit<DemoOptions, 'signal'> {
  const {values} = readArguments({
    operands: 'none',
    options: {
      once: {type: 'boolean'},
      stay: {type: 'boolean'},
      prompt: {type: 'string', default: 'What is the capital of France?'},
      tabs: {type: 'string', default: '3'},
      'max-layers': {type: 'string'},
      engine: {type: 'string', default: 'wasm'},
      'max-tokens': {type: 'string', default: '128'},
      port: {type: 'string', default: '0'},
      json: {type: 'string'},
    },
  });
  const maxLayers = values['max-layers'];
  return {
    prompt: values.prompt,
    tabCount: wholeNumber('tabs', values.tabs, 1),
    maxLayers: maxLayers === undefined ? null : wholeNumber('max-layers', maxLayers, 1),
    engine: engineOf(values.engine),
    maxNewTokens: wholeNumber('max-tokens', values['max-tokens'], 1),
    port: portOf(values.port),
    jsonPath: values.json === undefined ? null : pathFromCaller(values.json),
    stay: values.stay ?? (values.once !== true && process.stdout.isTTY),
  };
}

function portOf(text: string): number {
  const port = wholeNumber('port', text, 0);
  if (port > 65_535) throw new Error(`--port must be at most 65535, and is "${text}"`);
  return port;
}

function engineOf(text: string): DemoOptions['engine'] {
  if (text === 'wasm' || text === 'webgpu') return text;
  throw new Error(`--engine "${text}" is not known: wasm, webgpu`);
}
