import process from 'node:process';
import {WeftError} from '#shared/base/errors.ts';
import {exitOnFailure} from './last-resort.ts';
import {loadServerKey, type ServerKey} from './server-key.ts';
import type {SignalServer} from './start-signal-server.ts';
import {parseWholeConfig, unknownVariables, type ServerConfig} from './config.ts';

type Level = 'info' | 'warn';
const log = (event: string, fields: Readonly<Record<string, unknown>>, level: Level = 'info') => {
  process.stdout.write(`${JSON.stringify({level, event, ...fields})}\n`);
};

let server: SignalServer | null = null;
exitOnFailure(() => server?.counters() ?? {});

async function keyOf({keySeedHex, keyFile}: ServerConfig): Promise<ServerKey> {
  if (keySeedHex === null) return await loadServerKey({keyFile});
  return {seedHex: keySeedHex, lostBecause: null, release: async () => {}};
}

try {
  const config = parseWholeConfig(process.env);
  for (const {variable, sentence} of unknownVariables(process.env)) {
    log('setting-unknown', {variable, message: sentence}, 'warn');
  }
  // Loads libp2p, which takes its time: everything above is reported before.
  const {startSignalServer} = await import('./start-signal-server.ts');
  const key = await keyOf(config);
  if (key.lostBecause !== null) log('server-key-not-kept', {message: key.lostBecause}, 'warn');
  const running = await startSignalServer({...config, keySeedHex: key.seedHex});
  server = running;
  const stop = () => {
    log('server-stopping', {...running.counters()});
    void running
      .close()
      .then(key.release)
      .then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  log('server-started', {url: running.url, peerId: running.peerId});
} catch (error) {
  if (!(error instanceof WeftError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
