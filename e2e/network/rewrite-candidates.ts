import {isIPv4} from 'node:net';
import type {UdpAddress} from './udp-proxy.ts';

/** Fields of an ICE candidate: foundation, component, transport, priority, address, port, "typ", type (RFC 8839). */
const CANDIDATE =
  /^(?<head>(?:a=)?candidate:\S+ \d+ )(?<transport>\S+)(?<priority> \d+ )(?<host>\S+) (?<port>\d+) typ (?<type>\S+)/iu;

/**
 * What a page hears of its peer, a session description or one candidate, with another address in each
 * candidate of this machine. All other candidates are left out.
 */
export async function rewriteCandidates(
  heard: string,
  aliasOf: (address: UdpAddress) => Promise<UdpAddress>,
): Promise<string> {
  const lines = await Promise.all(
    heard.split(/\r?\n/u).map(async (line) => {
      if (!/^(?:a=)?candidate:/iu.test(line)) return [line];
      const fields = CANDIDATE.exec(line)?.groups;
      if (fields === undefined) return [];
      const {head = '', transport = '', priority = '', host = '', port, type = ''} = fields;
      if (transport.toLowerCase() !== 'udp' || type !== 'host' || !isIPv4(host)) return [];
      const alias = await aliasOf({host, port: Number(port)});
      return [
        line.replace(
          CANDIDATE,
          `${head}${transport}${priority}${alias.host} ${alias.port} typ ${type}`,
        ),
      ];
    }),
  );
  return lines.flat().join('\r\n');
}
