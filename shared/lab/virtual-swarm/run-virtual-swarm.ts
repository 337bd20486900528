import type {PeerId} from '#shared/base/ids.ts';
import {RECORD_TTL_MS} from '#shared/protocol/node-record.ts';
import {FRESH_MS} from '#shared/scheduling/allocation/placement/heard-lately.ts';
import {seededRandom, type NextRandom} from '#shared/scheduling/seeded-choice.ts';
import type {PlacedShard, SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {buildRecord} from '../../testing/record-builder.ts';
import {emptyReport, type SwarmReport} from './swarm-report.ts';
import type {NodeStart, SwarmScript} from './swarm-script.ts';
import {VirtualAnswer, type AskedRequest} from './virtual-answer.ts';
import {VirtualClient} from './virtual-client.ts';
import {VirtualCrowd} from './virtual-crowd.ts';
import {expectedTokens} from './expected-tokens.ts';
import {VirtualFaults} from './virtual-faults.ts';
import {VirtualDirectory} from './virtual-directory.ts';
import {loadMs} from './node/load-log.ts';
import {VirtualNode} from './node/virtual-node.ts';
import {VirtualTime} from './virtual-time.ts';
import {VirtualWire} from './virtual-wire.ts';

/**
 * How often a node looks around: while it waits or loads, when there is no room for it, and once it serves. A real tab
 * does so at every change, up to four times a second, so repairs begin later here.
 */
const LOOK_EVERY_MS = {eager: 500, spare: 2000, settled: 8000} as const;
const MEASURE_EVERY_MS = 500;
/** How long it takes neighbours to see that a link is dead: closed, or silent. */
const CLOSED_LINK_MS = 300;
const SILENT_LINK_MS = 5000;
const REPLAN_AFTER_MS = 1000;
/** A tab reads records at every change, up to four times a second. */
const CLIENT_LOOKS_EVERY_MS = 1000;
/** How often it is seen whether the last answer has ended. */
const SLICE_MS = 1000;

/**
 * A swarm in virtual time: every node and every client runs the product's own
 * way from records to decisions, openings and steps. Nothing sleeps, nothing
 * reads a clock: equal scripts give equal reports.
 */
export function runVirtualSwarm(script: SwarmScript): SwarmReport {
  return new Run(script).toEnd();
}

class Run {
  readonly #script: SwarmScript;
  readonly #random: NextRandom;
  readonly #time = new VirtualTime();
  readonly #crowd: VirtualCrowd;
  readonly #directory: VirtualDirectory;
  readonly #wire: VirtualWire;
  readonly #faults: VirtualFaults;
  readonly #clients = new Map<number, VirtualClient>();
  readonly #goneMs = new Map<PeerId, number>();
  readonly #report = emptyReport();
  readonly #answers: VirtualAnswer[] = [];
  /** What tabs served that left unnoticed, and the time of their last record. */
  readonly #silentlyGone: {readonly shard: PlacedShard; readonly publishedAtMs: number}[] = [];
  #observers = 0;
  #drawn: number;
  #coveredMeasures = 0;
  #measures = 0;
  #isReplanning = false;

  constructor(script: SwarmScript) {
    this.#script = script;
    this.#drawn = script.nodes.length;
    this.#random = seededRandom(script.seed);
    this.#crowd = new VirtualCrowd(script.grid);
    this.#directory = new VirtualDirectory(script.directory, script.seed);
    this.#wire = new VirtualWire({
      time: this.#time,
      wayMs: (from, to) => this.#crowd.wayMs(from, to),
    });
    this.#faults = new VirtualFaults(script.faults, {
      time: this.#time,
      wire: this.#wire,
      nodeOf: (peerId) => this.#crowd.nodeOf(peerId),
      replace: (node, noticed) => {
        this.#replace(node, noticed);
      },
      silentMs: SILENT_LINK_MS,
    });
  }

  toEnd(): SwarmReport {
    const {nodes, requests, durationMs} = this.#script;
    for (const start of nodes) {
      this.#time.at(start.joinsMs, () => {
        this.#join(start);
      });
    }
    for (const [client, lastMs] of lastAskedMs(requests)) this.#watch(client, lastMs);
    for (const [number, asked] of requests.entries()) {
      this.#time.at(asked.atMs, () => {
        this.#ask(asked, number);
      });
    }
    this.#measure();
    for (let endMs = 0; endMs < durationMs && !this.#isOver;) {
      endMs = Math.min(endMs + SLICE_MS, durationMs);
      this.#time.runUntil(endMs);
    }
    for (const node of this.#crowd.nodes) {
      this.#addLog(node);
      this.#report.openSessions += node.hop.load.openSessions;
    }
    return {
      ...this.#report,
      replicas: this.#crowd.replicas,
      coveredShare: this.#measures === 0 ? 0 : this.#coveredMeasures / this.#measures,
      refusedRecords: this.#directory.refused,
      faults: this.#faults.count,
      wrong: this.#answers.filter((answer) => this.#isWrong(answer)).length,
      answers: this.#answers.map(({report}) => report),
    };
  }

  #isWrong({tokens: {promptTokenIds, sampling, tokenIds}}: VirtualAnswer): boolean {
    const {layerCount} = this.#script.grid;
    const count = tokenIds.length;
    const expected = expectedTokens({promptTokenIds, sampling, layerCount, count});
    return expected.some((tokenId, at) => tokenId !== tokenIds[at]);
  }

  get #isOver(): boolean {
    const {endsWith, requests} = this.#script;
    return (
      endsWith === 'answers' &&
      this.#answers.length === requests.length &&
      this.#answers.every(({report}) => report.outcome !== 'running')
    );
  }

  #join({facts, shard}: Omit<NodeStart, 'joinsMs'>): void {
    const {grid, contextTokens, publishEveryMs, placement, churn} = this.#script;
    const node = new VirtualNode({
      facts,
      grid,
      time: this.#time,
      directory: this.#directory,
      wire: this.#wire,
      observer: this.#newObserver(),
      contextTokens,
      shard,
      decides: placement.kind === 'live',
      publishEveryMs,
      onServing: (changed, before) => {
        this.#served(changed, before);
      },
      onCrash: (crashed, before) => {
        this.#report.lastChangeMs = this.#time.nowMs;
        this.#crowd.change(before, crashed.hop.serving);
      },
      onGivingUp: (gone) => {
        this.#leave(gone, true);
      },
    });
    node.join();
    this.#report.joins += 1;
    this.#crowd.add(node);
    if (placement.kind === 'live')
      this.#lookAfter(node, 1000 + this.#random() * LOOK_EVERY_MS.eager);
    if (placement.kind === 'central') this.#replanSoon();
    if (churn === null) return;
    // Inverse transform of an exponential life; a report, not a plan, so `log` may be used.
    this.#time.after(-Math.log(1 - this.#random()) * churn.meanLifeMs, () => {
      if (!node.isGone) this.#leave(node, this.#random() < churn.noticedRate);
    });
  }

  #newObserver(): number {
    this.#observers += 1;
    return this.#observers;
  }

  #leave(node: VirtualNode, noticed: boolean): void {
    const {churn, placement} = this.#script;
    const {serving} = node.hop;
    this.#report.departures += 1;
    if (serving !== null) this.#report.departedLayers += serving.endLayer - serving.startLayer;
    this.#crowd.remove(node);
    this.#addLog(node);
    this.#goneMs.set(node.id, this.#time.nowMs);
    if (!noticed && serving !== null)
      this.#silentlyGone.push({shard: serving, publishedAtMs: node.publishedAtMs});
    node.leave({noticed, linkLossMs: noticed ? CLOSED_LINK_MS : SILENT_LINK_MS});
    this.#directory.forgetBefore(this.#time.nowMs - 2 * RECORD_TTL_MS);
    if (placement.kind === 'central') this.#replanSoon();
    const newcomer = churn?.newcomer?.(this.#drawn, this.#random);
    if (newcomer === undefined) return;
    this.#drawn += 1;
    this.#join({facts: newcomer, shard: null});
  }

  /** For a node that a fault ends comes one like it, with the same layers. */
  #replace(node: VirtualNode, noticed: boolean): void {
    const {facts, hop} = node;
    const shard = hop.serving;
    this.#leave(node, noticed);
    const id = `${facts.id}-${String(this.#report.joins)}`;
    this.#time.after(loadMs(null, shard), () => {
      this.#join({facts: {...facts, id}, shard});
    });
  }

  #lookAfter(node: VirtualNode, delayMs: number): void {
    this.#time.after(delayMs, () => {
      if (node.isGone) return;
      if (!node.isFrozen) this.#countGhosts(node.lookAround());
      this.#lookAfter(node, LOOK_EVERY_MS[node.mood]);
    });
  }

  #replanSoon(): void {
    if (this.#isReplanning) return;
    this.#isReplanning = true;
    this.#time.after(REPLAN_AFTER_MS, () => {
      this.#isReplanning = false;
      this.#replan();
    });
  }

  #replan(): void {
    const {placement} = this.#script;
    if (placement.kind !== 'central') return;
    const nodes = [...this.#crowd.nodes];
    const members = nodes.map(({id, facts, commanded}) => ({id, facts, shard: commanded}));
    const plan = placement.replan(members);
    for (const node of nodes) node.obey(plan.get(node.id) ?? null);
  }

  #served(node: VirtualNode, before: PlacedShard | null): void {
    this.#report.lastChangeMs = this.#time.nowMs;
    const lost = this.#crowd.change(before, node.hop.serving);
    if (this.#script.placement.kind !== 'live') return;
    for (const layer of lost) {
      if (this.#couldKnow(node, layer)) this.#report.uncoveredByMove += 1;
      else this.#report.uncoveredUnknowingly += 1;
    }
  }

  /** Whether no tab that served `layer` has gone without a sign, its last record still fresh for `node`. */
  #couldKnow({clockMs}: VirtualNode, layer: number): boolean {
    return !this.#silentlyGone.some(
      ({shard, publishedAtMs}) =>
        clockMs - publishedAtMs <= FRESH_MS && layer >= shard.startLayer && layer < shard.endLayer,
    );
  }

  #ask(asked: AskedRequest, number: number): void {
    const {countFromMs} = this.#script;
    const answer = new VirtualAnswer({
      time: this.#time,
      wire: this.#wire,
      client: this.#clientOf(asked.client),
      manifestHash: buildRecord().manifestHash,
      number,
      asked,
      countFromMs,
      onTokens: (tokens, hops) => {
        this.#faults.onTokens(number, tokens, hops);
      },
    });
    this.#answers.push(answer);
    this.#clientOf(asked.client).remember(answer);
    answer.start();
  }

  /** A client's page is open from the start until its last question. */
  #watch(client: number, untilMs: number): void {
    if (this.#time.nowMs > untilMs) return;
    this.#clientOf(client).look();
    this.#time.after(CLIENT_LOOKS_EVERY_MS, () => {
      this.#watch(client, untilMs);
    });
  }

  #clientOf(number: number): VirtualClient {
    const {grid, seed, chooseChain, viewEveryMs, trust} = this.#script;
    const known = this.#clients.get(number);
    if (known !== undefined) return known;
    const client = new VirtualClient({
      number,
      time: this.#time,
      wire: this.#wire,
      directory: this.#directory,
      grid,
      observer: this.#newObserver(),
      seed,
      chooseChain,
      viewEveryMs,
      trust,
    });
    this.#clients.set(number, client);
    return client;
  }

  #countGhosts({nodes}: SwarmSnapshot): void {
    const latestMs = this.#time.nowMs - RECORD_TTL_MS - 1000;
    for (const {nodeId} of nodes) {
      if ((this.#goneMs.get(nodeId) ?? Infinity) < latestMs) this.#report.ghosts += 1;
    }
  }

  #measure(): void {
    const report = this.#report;
    if (this.#crowd.isCovered) {
      report.firstCoveredMs = Math.min(report.firstCoveredMs, this.#time.nowMs);
      this.#coveredMeasures += 1;
    }
    if (report.firstCoveredMs < Infinity) this.#measures += 1;
    this.#time.after(MEASURE_EVERY_MS, () => {
      this.#measure();
    });
  }

  #addLog({log}: VirtualNode): void {
    const report = this.#report;
    report.claims += log.claims;
    report.moves += log.moves;
    report.mostMoves = Math.max(report.mostMoves, log.moves);
    report.loadedLayers += log.loadedLayers;
    report.reloadedLayers += log.reloadedLayers;
    report.abandonedLoads += log.abandonedLoads;
    report.mostAbandonedLoads = Math.max(report.mostAbandonedLoads, log.abandonedLoads);
  }
}

function lastAskedMs(requests: readonly AskedRequest[]): ReadonlyMap<number, number> {
  const lastMs = new Map<number, number>();
  for (const {client, atMs} of requests) {
    lastMs.set(client, Math.max(atMs, lastMs.get(client) ?? 0));
  }
  return lastMs;
}
