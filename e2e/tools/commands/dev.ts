/// <reference types="node" />
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {Command} from '../command-line/command.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

const COMMAND = {
  start: 'npm run dev',
  purpose:
    'Serves the page from its source, with hot reload, and joins it to a running swarm; without ' +
    'one, it starts a signal server of its own. Prints the URL to open and stays up until Ctrl-C.',
  operands: null,
  options: {
    port: {
      type: 'string',
      value: 'N',
      default: '5173',
      meaning: 'the port of the page; 0 is any free one',
    },
  },
  tables: [
    {
      title: 'Environment variables',
      rows: [
        [
          'WEFT_SERVER',
          'the signal server whose swarm the page joins, such as http://127.0.0.1:8080',
        ],
      ],
    },
  ],
} as const satisfies Command;

/** Holds the catalogue, which is all that the page asks of this folder. */
const PUBLIC_DIR = fileURLToPath(new URL('../../../public', import.meta.url));

await runToExit(COMMAND, async ({values, signal}) => {
  const port = wholeNumber('port', values.port, 0);
  const named = serverUrlOf(process.env['WEFT_SERVER'] ?? '');
  const {serveSource} = await import('../machine/serve-source.ts');
  const own = named === null ? await startOwnServer(signal) : null;
  const serverUrl = named ?? own?.url ?? '';
  const source = await serveSource({serverUrl, port});
  log(`Signal server at ${serverUrl}`);
  process.stdout.write(`${source.url}\n`);
  if (!signal.aborted) await once(signal, 'abort');
  await source.close();
  await own?.close();
});

/** @throws {Error} when the text is not the address of a web server. */
function serverUrlOf(text: string): string | null {
  if (text.trim() === '') return null;
  const url = URL.parse(text.trim());
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new Error(`Cannot use WEFT_SERVER="${text}": expected an http or https URL`);
}

async function startOwnServer(signal: AbortSignal) {
  const {prepareModel} = await import('../machine/model-file/prepare-model.ts');
  const {startSignalServer} = await import('../../../signal-server/src/start-signal-server.ts');
  const {modelsDir} = await prepareModel({log, signal});
  return await startSignalServer({port: 0, staticDir: PUBLIC_DIR, modelsDir});
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
