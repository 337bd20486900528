import {spawn} from 'node:child_process';
import {availableParallelism} from 'node:os';
import {atLeast, atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import {log} from '../../swarm/test-log.ts';
import type {TabEvent} from '../../../web/src/ports/tab-event.ts';
import type {Soak} from './soak.ts';

const MINUTES = 6;
const MINUTE_MS = 60_000;
/** Programs that compute without a break, for each core. */
const LOAD_PER_CORE = 4;
const LENDING_TABS = 4;
const TABS_PER_CHAIN = 2;
const LOAD_TIMEOUT_MS = 120_000;
/** Ends a question that hangs. */
const ASK_TIMEOUT_MS = 120_000;
const REQUEST = greedyRequest('Who is there?', {maxNewTokens: 64});

/**
 * Tabs that nothing is wrong with serve one question after the other for --minutes, on a machine on which
 * other programs want four times its cores: nobody may take one of them for silent or unreachable.
 */
export const soakFalseAlarms: Soak = async ({minutes}, {signal}) => {
  const {swarm, model, stop} = await startTinySwarm({delaysWasmTiering: false});
  const alarms = new Alarms();
  const failed: string[] = [];
  let asked = 0;
  const open = {model: model.id, onTabEvent: (event: TabEvent) => alarms.hear(event)};
  const load: {readonly end: () => void}[] = [];
  try {
    const maxLayers = model.grid.layerCount / TABS_PER_CHAIN;
    const lend = {engine: 'stub', capacity: {kind: 'layers', maxLayers}} as const;
    await swarm.openServingTabs(LENDING_TABS, lend, {...open, timeoutMs: LOAD_TIMEOUT_MS});
    const client = await swarm.openTab(open);
    const right = (await askForAnswer(client, REQUEST)).tokenIds.join(' ');
    const programs = LOAD_PER_CORE * availableParallelism();
    for (let i = 0; i < programs; i += 1) load.push(startBusyProgram());
    const untilMs = performance.now() + (minutes ?? MINUTES) * MINUTE_MS;
    while (performance.now() < untilMs) {
      asked += 1;
      const ids: number[] = [];
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
      const asking = client.ask(REQUEST, {
        signal: limit,
        onEvent: (event) => {
          if (event.kind === 'token') ids.push(event.tokenId);
          if (event.kind === 'lost') alarms.lostHops += 1;
        },
      });
      const outcome = await asking.then(() => ids.join(' '), String);
      if (outcome !== right) failed.push(outcome);
      alarms.look(await client.knownRecords());
      if (asked % 20 === 0) log(`${asked} questions, ${failed.length} failed`);
    }
    return {
      checks: [
        atLeast('questions', asked, 1),
        atMost('of these without the right answer', failed.length, 0),
        ...alarms.checks(),
      ],
      figures: {
        programs,
        asked,
        failed,
        silent: alarms.silent,
        unreachable: [...alarms.unreachable],
      },
    };
  } finally {
    for (const program of load) program.end();
    await stop();
  }
};

/** Losses that tabs report although none of them is lost. */
class Alarms {
  readonly silent: string[] = [];
  readonly unreachable = new Set<string>();
  lostHops = 0;
  #fewestRecords = Infinity;
  #joinedCount = 0;

  hear(event: TabEvent): void {
    if (event.event === 'joined') this.#joinedCount += 1;
    if (event.event !== 'links-lost') return;
    this.silent.push(
      ...event.links.filter(({loss}) => loss === 'silent').map(({peerId}) => peerId),
    );
  }

  look(records: readonly NodeRecord[]): void {
    this.#fewestRecords = Math.min(this.#fewestRecords, records.length);
    for (const peerId of records.flatMap(({unreachable}) => unreachable)) {
      this.unreachable.add(peerId);
    }
  }

  checks(): readonly Check[] {
    return [
      atLeast('tabs that were heard', this.#joinedCount, LENDING_TABS + 1),
      atMost('hops that an answer gave up', this.lostHops, 0),
      atMost('links that were taken for silent', this.silent.length, 0),
      atMost('tabs that another one called unreachable', this.unreachable.size, 0),
      atLeast('tabs that the client knew of, at the fewest', this.#fewestRecords, LENDING_TABS),
    ];
  }
}

/** A process of its own that computes until it is ended. */
function startBusyProgram(): {readonly end: () => void} {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], {stdio: 'ignore'});
  return {end: () => void child.kill('SIGKILL')};
}
