import type {ServerCounters} from './create-server-node.ts';

type Metric = {readonly name: string; readonly type: 'counter' | 'gauge'; readonly help: string};

const METRICS: Readonly<Record<keyof ServerCounters, Metric>> = {
  relayedBytes: {
    name: 'weft_relayed_bytes_total',
    type: 'counter',
    help: 'Bytes that the circuit relay forwarded: signaling only.',
  },
  relayedConnections: {
    name: 'weft_relayed_connections_total',
    type: 'counter',
    help: 'Connections that were opened through the circuit relay.',
  },
  reservations: {
    name: 'weft_relay_reservations',
    type: 'gauge',
    help: 'Peers that can be reached through the relay.',
  },
  dhtRecords: {name: 'weft_dht_records', type: 'gauge', help: 'Node records held in the DHT.'},
  connections: {name: 'weft_connections', type: 'gauge', help: 'Open libp2p connections.'},
};

/** The counters in Prometheus' text format. */
export function formatMetrics(counters: ServerCounters): string {
  const keys = Object.keys(METRICS) as (keyof ServerCounters)[];
  return keys
    .map((key) => {
      const {name, type, help} = METRICS[key];
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${counters[key]}\n`;
    })
    .join('');
}
