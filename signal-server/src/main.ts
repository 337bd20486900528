import process from 'node:process';
import {WeftError} from '#shared/errors.ts';
import {parseWholeConfig, unknownVariables} from './config.ts';

type Level = 'info' | 'warn';
const log = (event: string, fields: Readonly<Record<string, unknown>>, level: Level = 'info') => {
  process.stdout.write(`${JSON.stringify({level, event, ...fields})}\n`);
};

try {
  const config = parseWholeConfig(process.env);
  for (const {variable, sentence} of unknownVariables(process.env)) {
    log('setting-unknown', {variable, message: sentence}, 'warn');
  }
  // Loads libp2p, which takes its time: what is wrong above is said before.
  const {startSignalServer} = await import('./start-signal-server.ts');
  const server = await startSignalServer(config);
  log('server-started', {url: server.url, peerId: server.peerId});
  const stop = () => {
    log('server-stopping', {...server.counters()});
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  if (!(error instanceof WeftError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
