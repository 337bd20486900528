import type {ServerCounters} from './server-counters.ts';

type Metric = {
  readonly counter: Exclude<keyof ServerCounters, 'refusals'>;
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
};

const METRICS: readonly Metric[] = [
  {
    counter: 'relayedBytes',
    name: 'weft_relayed_bytes_total',
    type: 'counter',
    help: 'Bytes that the circuit relay forwarded: signaling only.',
  },
  {
    counter: 'relayedConnections',
    name: 'weft_relayed_connections_total',
    type: 'counter',
    help: 'Connections that were opened through the circuit relay.',
  },
  {
    counter: 'openRelayedConnections',
    name: 'weft_open_relayed_connections',
    type: 'gauge',
    help: 'Open connections through the circuit relay.',
  },
  {
    counter: 'reservations',
    name: 'weft_relay_reservations',
    type: 'gauge',
    help: 'Peers that can be reached through the relay.',
  },
  {
    counter: 'dhtRecords',
    name: 'weft_dht_records',
    type: 'gauge',
    help: 'Node records held in the DHT.',
  },
  {
    counter: 'refusedRecords',
    name: 'weft_refused_records_total',
    type: 'counter',
    help: 'Records and DHT messages that were refused.',
  },
  {
    counter: 'connections',
    name: 'weft_connections',
    type: 'gauge',
    help: 'Open libp2p connections.',
  },
  {
    counter: 'directoryReaders',
    name: 'weft_directory_readers',
    type: 'gauge',
    help: 'Open streams of the directory.',
  },
  {
    counter: 'gatewayAnswers',
    name: 'weft_gateway_answers',
    type: 'gauge',
    help: 'Answers that callers of the API get now.',
  },
  {
    counter: 'gatewayWaiting',
    name: 'weft_gateway_waiting_answers',
    type: 'gauge',
    help: 'Answers that wait for their turn.',
  },
];

/** The counters in Prometheus' text format. */
export function formatMetrics(counters: ServerCounters): string {
  const sections = METRICS.map(
    ({counter, name, type, help}) =>
      `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${counters[counter]}\n`,
  );
  const refusals = Object.entries(counters.refusals).map(
    ([reason, count]) => `weft_refusals_total{reason="${reason}"} ${count}\n`,
  );
  return [
    ...sections,
    '# HELP weft_refusals_total Sockets, connections, dials, records and DHT messages that were refused or ended.\n',
    '# TYPE weft_refusals_total counter\n',
    ...refusals,
  ].join('');
}
