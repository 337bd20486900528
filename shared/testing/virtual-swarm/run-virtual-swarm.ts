import type {CutGrid} from '#shared/model/cut-grid.ts';
import {seededRandom, type NextRandom} from '#shared/scheduling/seeded-choice.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {VirtualDirectory, type DirectoryFaults} from './virtual-directory.ts';
import {RECORD_TTL_MS, VirtualNode, type VirtualNodeFacts} from './virtual-node.ts';

export type SwarmScript = {
  readonly grid: CutGrid;
  readonly seed: number;
  /** Nodes at the start; each that leaves is replaced by a fresh one. */
  readonly nodes: number;
  /** All of them join within this time. */
  readonly joinWithinMs: number;
  /** Mean life, exponential; `Infinity`: nobody leaves. */
  readonly meanLifeMs: number;
  readonly durationMs: number;
  readonly faults: Omit<DirectoryFaults, 'seed'>;
  readonly maxSkewMs: number;
  /** The part of nodes whose records are senseless. */
  readonly liarRate: number;
  readonly capacityLayers: readonly [least: number, most: number];
};

export type SwarmReport = {
  /** From the first complete coverage on, the part of seconds with complete coverage. */
  readonly coveredShare: number;
  readonly firstCoveredMs: number;
  readonly departures: number;
  readonly departedLayers: number;
  readonly reloadedLayers: number;
  readonly moves: number;
  readonly claims: number;
  readonly joins: number;
  readonly abandonedLoads: number;
  /** The last change of anybody's range. */
  readonly lastChangeMs: number;
  /** Records of the gone that a snapshot still held a second after they expired. */
  readonly ghosts: number;
  /** Seconds in which a cell had lost its last replica because its holder moved. */
  readonly uncoveredByMove: number;
};

const TICK_MS = 500;
/** A settled node looks around every so many ticks. */
const CALM_TICKS = 8;

type Run = {
  readonly script: SwarmScript;
  readonly random: NextRandom;
  readonly directory: VirtualDirectory;
  readonly living: Map<string, {node: VirtualNode; leavesMs: number; joinsMs: number}>;
  readonly goneMs: Map<string, number>;
  readonly totals: {
    -readonly [Key in keyof SwarmReport]: SwarmReport[Key];
  };
  coveredTicks: number;
  ticks: number;
  next: number;
};

/**
 * A swarm in virtual time: every node runs the product's own way from records
 * to a decision, on what it has seen of the directory. Nothing sleeps, nothing
 * reads a clock: equal scripts give equal reports. O(ticks · nodes²).
 */
export function runVirtualSwarm(script: SwarmScript): SwarmReport {
  const run: Run = {
    script,
    random: seededRandom(script.seed),
    directory: new VirtualDirectory({...script.faults, seed: script.seed}),
    living: new Map(),
    goneMs: new Map(),
    totals: emptyReport(),
    coveredTicks: 0,
    ticks: 0,
    next: 0,
  };
  for (let k = 0; k < script.nodes; k += 1) addNode(run, run.random() * script.joinWithinMs);
  for (let tick = 0; tick * TICK_MS < script.durationMs; tick += 1) {
    churn(run, tick * TICK_MS);
    stepNodes(run, tick);
    measure(run, tick * TICK_MS);
  }
  for (const {node} of run.living.values()) addLog(run, node);
  return {...run.totals, coveredShare: run.ticks === 0 ? 0 : run.coveredTicks / run.ticks};
}

function emptyReport(): Run['totals'] {
  return {
    coveredShare: 0,
    firstCoveredMs: Infinity,
    departures: 0,
    departedLayers: 0,
    reloadedLayers: 0,
    moves: 0,
    claims: 0,
    joins: 0,
    abandonedLoads: 0,
    lastChangeMs: 0,
    ghosts: 0,
    uncoveredByMove: 0,
  };
}

function addNode(run: Run, joinsMs: number): void {
  const {script, random} = run;
  const node = new VirtualNode(factsOf(run), script.grid);
  run.next += 1;
  run.totals.joins += 1;
  // Inverse transform of an exponential life; the report, not the plan, may use log.
  const lifeMs = -Math.log(1 - random()) * script.meanLifeMs;
  run.living.set(node.id, {node, joinsMs, leavesMs: joinsMs + lifeMs});
}

function factsOf({script, random, next}: Run): VirtualNodeFacts {
  const [least, most] = script.capacityLayers;
  const plain = least + Math.floor(random() * (most - least + 1));
  const isLiar = random() < script.liarRate;
  return {
    id: `node-${String(next).padStart(5, '0')}`,
    clockSkewMs: Math.floor((2 * random() - 1) * script.maxSkewMs),
    capacityLayers: {plain, first: plain - 1, last: plain - 1, both: Math.max(0, plain - 2)},
    decodeMsPerLayer: {fixedMs: isLiar ? NaN : 0.3 + random() * 2, perSessionMs: 0.05},
    prefillMsPerTokenLayer: 0.05,
    hopOverheadMs: 0.3,
    maxSessions: 8,
    engineClass: 'virtual',
    queuedSteps: 0,
    kvTokensFree: 1e6,
    hidden: false,
    onBattery: false,
    metered: false,
    uptimeMs: 0,
    rtts: [],
    coords: {at: [random() * 100, random() * 100], heightMs: 1, errorMs: 1},
    unreachable: [],
  };
}

function churn(run: Run, nowMs: number): void {
  for (const [id, {node, leavesMs}] of run.living) {
    if (leavesMs > nowMs) continue;
    run.living.delete(id);
    run.goneMs.set(id, nowMs);
    run.totals.departures += 1;
    for (const {startLayer, endLayer} of node.shards) {
      run.totals.departedLayers += endLayer - startLayer;
    }
    addLog(run, node);
    addNode(run, nowMs);
  }
  if (nowMs % 60_000 === 0) run.directory.forgetBefore(nowMs - 2 * RECORD_TTL_MS);
}

function addLog({totals}: Run, {log}: VirtualNode): void {
  totals.claims += log.claims;
  totals.moves += log.moves;
  totals.reloadedLayers += log.reloadedLayers;
  totals.abandonedLoads += log.abandonedLoads;
}

function stepNodes(run: Run, tick: number): void {
  const nowMs = tick * TICK_MS;
  let order = 0;
  for (const {node, joinsMs} of run.living.values()) {
    order += 1;
    if (joinsMs > nowMs) continue;
    if (!node.isUnsettled && (tick + order) % CALM_TICKS !== 0) continue;
    const before = node.shards;
    countGhosts(run, node.step(run.directory, nowMs), nowMs);
    if (node.shards === before) continue;
    run.totals.lastChangeMs = nowMs;
    if (before.length > 0 && !isCovered(run)) run.totals.uncoveredByMove += 1;
  }
}

function countGhosts(run: Run, {nodes}: SwarmSnapshot, nowMs: number): void {
  const {totals, goneMs, script} = run;
  const latestMs = nowMs - RECORD_TTL_MS - 1000 - 2 * script.maxSkewMs;
  for (const {nodeId} of nodes) if ((goneMs.get(nodeId) ?? Infinity) < latestMs) totals.ghosts += 1;
}

function isCovered({living, script: {grid}}: Run): boolean {
  const layers = new Uint8Array(grid.layerCount);
  for (const {node} of living.values()) {
    for (const {startLayer, endLayer} of node.shards) layers.fill(1, startLayer, endLayer);
  }
  return layers.every((served) => served === 1);
}

function measure(run: Run, nowMs: number): void {
  const covered = isCovered(run);
  if (covered) run.totals.firstCoveredMs = Math.min(run.totals.firstCoveredMs, nowMs);
  if (run.totals.firstCoveredMs === Infinity) return;
  run.ticks += 1;
  if (covered) run.coveredTicks += 1;
}
