import {tmpdir} from 'node:os';
import {expect, test} from '@playwright/test';
import {FRAME_HEADER_BYTES} from '#shared/protocol/frame/frame.ts';
import {measureScenario} from '../../load/measure-scenario.ts';
import {offerModel} from '../../load/scenario/offer-model.ts';
import type {Report} from '../../load/report/report.ts';
import {parseScenario} from '../../load/scenario/scenario.ts';
import {
  bytesNotAsSeen,
  chainsNotAsServed,
  observeWhenQuiet,
  type ObservedTabs,
} from '../../load/testing/observed-swarm.ts';
import {reportSchema} from '../../load/testing/report-fields.ts';
import {wrongStubAnswers} from '../../load/testing/wrong-stub-answers.ts';
import {
  observeConnections,
  readConnections,
  type ObservedConnection,
} from '../../pages/observer/observe-connections.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {log} from '../../swarm/test-log.ts';

const SCENARIO = {
  model: 'smollm2-135m-instruct',
  seed: 11,
  tabs: [{count: 6, engine: 'stub', maxLayers: 10}],
  waitForChains: 2,
  coverageTimeoutMs: 300_000,
  requests: {
    prompts: ['What is the capital of France?', 'How does weaving work?'],
    count: 12,
    clients: 2,
    arrival: 'poisson',
    perSec: 2,
    maxTokens: 32,
    temperature: 0.7,
    seed: 3,
  },
};
const HIDDEN_BYTES = 2 * 576;
/** What libp2p's streams add to a frame, and everything on a link besides activations; one answer's are 77 KB. */
const FRAMING_SHARE = 0.03;
const OTHER_BYTES_MAX = 20_000;
/** One machine, two clocks. */
const CLOCKS_AGREE_WITHIN_MS = 1_000;
/** Times of a report are tenths. */
const ROUNDED_MS = 0.1;

/** What an observer knows who asks only the browser and the server. */
type Observation = {
  /** Bytes on the data channels from one peer to another, by the browser's statistics. */
  readonly bytesBetween: ReadonlyMap<string, number>;
  readonly connections: ReadonlyMap<string, readonly ObservedConnection[]>;
  /** Whose certificate it is, by its fingerprint. */
  readonly ownerOf: ReadonlyMap<string, string>;
  /** The connections of each client, in the order of the scenario. */
  readonly clients: readonly (readonly ObservedConnection[])[];
  readonly relayedBytes: number;
  readonly dhtRecords: number;
};

async function observe(swarm: Swarm): Promise<Observation> {
  const connections = new Map<string, readonly ObservedConnection[]>();
  const clients: (readonly ObservedConnection[])[] = [];
  for (const tab of swarm.tabs) {
    const {peerId} = await tab.traffic();
    const own = await readConnections(tab.page);
    connections.set(peerId, own);
    if ((await tab.lendState()).kind === 'idle') clients.push(own);
  }
  const ownerOf = new Map(
    Array.from(connections, ([peerId, all]) =>
      all.map(({local}) => [local, peerId] as const),
    ).flat(),
  );
  const bytesBetween = new Map<string, number>();
  for (const [from, all] of connections) {
    for (const {remote, bytesSent} of all) {
      const edge = edgeOf(from, ownerOf.get(remote) ?? 'unknown');
      bytesBetween.set(edge, (bytesBetween.get(edge) ?? 0) + bytesSent);
    }
  }
  const {relayedBytes, dhtRecords} = swarm.server.counters();
  return {bytesBetween, connections, ownerOf, clients, relayedBytes, dhtRecords};
}

const edgeOf = (from: string, to: string): string => `${from} → ${to}`;

/** Activations that must have passed from hop to hop when the chains of the report are the true ones. */
function activationsBetween({requests}: Report): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const {chains, promptTokenIds, tokenIds} of requests) {
    const decoded = tokenIds.length - 1;
    const sent =
      (promptTokenIds.length + decoded) * HIDDEN_BYTES + (decoded + 1) * FRAME_HEADER_BYTES;
    const hops = chains.at(-1) ?? [];
    hops.slice(1).forEach(({node}, i) => {
      const edge = edgeOf(hops[i]?.node ?? '', node);
      bytes.set(edge, (bytes.get(edge) ?? 0) + sent);
    });
  }
  return bytes;
}

test('[SW1] [SW7] the tokens of one stub, and chains, bytes and times of the report are those that tabs, browser, server and another clock saw', async () => {
  const scenario = parseScenario(SCENARIO);
  const {signal} = new AbortController();
  const model = await offerModel(scenario, {folder: tmpdir(), log, signal});
  const observation = Promise.withResolvers<Observation>();
  let tabs: ObservedTabs = new Map();
  const endedAtMs = new Map<number, number>();
  const startedAtMs = Date.now();
  const {report, isGood} = await measureScenario({
    scenario,
    model,
    signal,
    log: (line) => {
      const id = /request (\d+) /u.exec(line)?.[1];
      if (id !== undefined) endedAtMs.set(Number(id), Date.now());
      log(line);
    },
    prepare: observeConnections,
    onLoadDone: async (swarm) => {
      tabs = await observeWhenQuiet(swarm);
      observation.resolve(await observe(swarm));
    },
  });
  expect(report.requests.flatMap(({error}) => error ?? [])).toEqual([]);
  expect(isGood).toBe(true);
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toBeTruthy();
  const {spec} = (await prepareModel({id: model.id, log})).manifest;
  expect(await wrongStubAnswers(report, {...scenario.requests, spec})).toEqual([]);
  for (const {chains} of report.requests) {
    const hops = chains.at(-1) ?? [];
    const starts = [0, ...hops.slice(0, -1).map(({endLayer}) => endLayer)];
    expect(hops.map(({startLayer}) => startLayer)).toEqual(starts);
    expect(hops.at(-1)?.endLayer).toBe(spec.layerCount);
  }
  expect(chainsNotAsServed(report, tabs)).toEqual([]);
  expect(bytesNotAsSeen(report, tabs)).toEqual([]);
  const seen = await observation.promise;
  expectBytesAsSeen(report, seen);
  expectTimesAsSeen(report, seen);
  expect(report.beganAtUnixMs).toBeGreaterThanOrEqual(startedAtMs);
  for (const {id, endedAtMs: reportedMs, wireBytesPerTokenPerHop} of report.requests) {
    const offMs = (endedAtMs.get(id) ?? 0) - report.beganAtUnixMs - reportedMs;
    expect(Math.abs(offMs), `end of request ${id}`).toBeLessThan(CLOCKS_AGREE_WITHIN_MS);
    expect(wireBytesPerTokenPerHop).toBe(HIDDEN_BYTES + FRAME_HEADER_BYTES);
  }
});

function expectBytesAsSeen(report: Report, seen: Observation): void {
  const activations = activationsBetween(report);
  expect([...seen.bytesBetween.keys()]).toEqual(expect.arrayContaining([...activations.keys()]));
  for (const [edge, bytes] of seen.bytesBetween) {
    const expected = activations.get(edge) ?? 0;
    expect(bytes, edge).toBeGreaterThanOrEqual(expected);
    expect(bytes, edge).toBeLessThan(expected * (1 + FRAMING_SHARE) + OTHER_BYTES_MAX);
  }
  const all = [...activations.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(seen.relayedBytes).toBeLessThan(all / 4);
  expect(seen.dhtRecords).toBe(report.nodes.length);
  const types = [...seen.connections.values()]
    .flat()
    .flatMap(({localCandidateType, remoteCandidateType}) => [
      localCandidateType,
      remoteCandidateType,
    ]);
  expect(types).not.toContain('relay');
}

/** No token was seen before so many messages had come in from the tail of its chain since the question. */
function expectTimesAsSeen(report: Report, seen: Observation): void {
  for (const client of new Set(report.requests.map((request) => request.client))) {
    const asked = report.requests.filter((request) => request.client === client);
    expect(asked.every(({tokenAtMs}) => tokenAtMs.length > 0)).toBe(true);
    // A report counts its clients, it does not say which tab is which.
    const problems = seen.clients.map((connections) =>
      asked.flatMap((request) =>
        timeProblems(request, arrivalsFrom(request, connections, report, seen)),
      ),
    );
    expect(problems.toSorted((one, other) => one.length - other.length)[0]).toEqual([]);
  }
}

/** When messages came in from the tail that served a request, in ms of the run. */
function arrivalsFrom(
  {chains}: Report['requests'][number],
  connections: readonly ObservedConnection[],
  {beganAtUnixMs}: Report,
  {ownerOf}: Observation,
): readonly number[] {
  const tail = chains.at(-1)?.at(-1)?.node;
  return connections
    .filter(({remote}) => ownerOf.get(remote) === tail)
    .flatMap(({arrivals}) => arrivals.map(({atUnixMs}) => atUnixMs - beganAtUnixMs));
}

function timeProblems(
  {id, tokenAtMs, askedAtMs}: Report['requests'][number],
  arrivals: readonly number[],
): readonly string[] {
  return tokenAtMs.flatMap((atMs, i) => {
    // How much later it is reported depends on how busy the reader is.
    const before = arrivals.filter((each) => each >= askedAtMs && each <= atMs + ROUNDED_MS);
    return before.length > i
      ? []
      : [`token ${i} of request ${id}: ${before.length} messages came in before it`];
  });
}
