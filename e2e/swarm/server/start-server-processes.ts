/// <reference types="node" />
import {ServerProcess} from './server-process.ts';

/**
 * Signal servers that know each other, each on any free port.
 *
 * @param count at least one.
 */
export async function startServerProcesses(
  count: number,
  options: Parameters<typeof ServerProcess.start>[0],
): Promise<readonly [ServerProcess, ...ServerProcess[]]> {
  const first = await ServerProcess.start(options);
  const servers: [ServerProcess, ...ServerProcess[]] = [first];
  try {
    while (servers.length < count) servers.push(await ServerProcess.start(options));
    // Only one that has run has an address by which the others can name it.
    if (count > 1) await Promise.all(servers.map((server) => introduce(server, servers)));
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

async function introduce(server: ServerProcess, all: readonly ServerProcess[]): Promise<void> {
  const others = all.filter((other) => other !== server);
  await server.stop();
  await server.startAgain({PEERS: others.map(({address}) => address).join(',')});
}
