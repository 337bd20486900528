import {parseArgs} from 'node:util';
import {runDemo, type DemoOptions} from '../demo/run-demo.ts';
import {runToExit} from './run-to-exit.ts';

await runToExit((signal) => runDemo({...readOptions(), signal}));

function readOptions(): Omit<DemoOptions, 'signal'> {
  const {values} = parseArgs({
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
    tabCount: positive('--tabs', values.tabs),
    maxLayers: maxLayers === undefined ? null : positive('--max-layers', maxLayers),
    engine: engineOf(values.engine),
    maxNewTokens: positive('--max-tokens', values['max-tokens']),
    port: portOf(values.port),
    jsonPath: values.json ?? null,
    stay: values.stay ?? (values.once !== true && process.stdout.isTTY),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} must be a whole number above 0: "${text}"`);
  return value;
}

function portOf(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new Error(`--port must be 0 to 65535: "${text}"`);
  return value;
}

function engineOf(text: string): DemoOptions['engine'] {
  if (text === 'wasm' || text === 'webgpu') return text;
  throw new Error(`--engine "${text}" is not known: wasm, webgpu`);
}
