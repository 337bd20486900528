import process from 'node:process';
import {WeftError} from '#shared/errors.ts';
import {parseConfig} from './config.ts';
import {startSignalServer} from './start-signal-server.ts';

const log = (event: string, fields: Readonly<Record<string, unknown>>) => {
  process.stdout.write(`${JSON.stringify({level: 'info', event, ...fields})}\n`);
};

try {
  const server = await startSignalServer(parseConfig(process.env));
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
