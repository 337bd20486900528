import type {Browser} from 'playwright';
import type {ServedAnswers} from '../tabs/served-answers.ts';
import {lanesOf, TRACE_CATEGORIES, traceSchema, type TraceEvent} from './read-trace.ts';
import type {OwnedLane} from './account-for-time.ts';

/** Steps that every answer has had before the trace begins, and those that the shortest has left when it ends. */
const STEADY = 4;

export type TracedAnswers = {
  readonly lanes: readonly OwnedLane[];
  /** On the clock of the lanes: while all answers went on. */
  readonly startMs: number;
  readonly endMs: number;
  /** That came meanwhile, of all answers. */
  readonly tokens: number;
  /** What this process, the server and who drives the tabs, had of the processor meanwhile. */
  readonly driverCpuMs: number;
};

/** Traces the browser while so many answers go on, from when all have begun until the first is about to end. */
export async function traceAnswers(
  answers: ServedAnswers,
  {sessions, tokens}: {readonly sessions: number; readonly tokens: number},
): Promise<TracedAnswers> {
  const owners = await ownersOf(answers);
  const {browser} = answers;
  const counts = new Map<number, number>();
  const traced = Promise.withResolvers<TraceEvent[]>();
  let state: 'before' | 'during' | 'after' = 'before';
  let counted = 0;
  let startCpu = process.cpuUsage();
  let driverCpuMs = 0;
  const onToken = (answer: number): void => {
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const all = [...counts.values()];
    if (state === 'during') counted += 1;
    if (state === 'before' && all.length === sessions && Math.min(...all) >= STEADY) {
      state = 'during';
      startCpu = process.cpuUsage();
      void startTrace(browser).catch(traced.reject);
    } else if (state === 'during' && Math.max(...all) >= tokens - STEADY) {
      state = 'after';
      const {user, system} = process.cpuUsage(startCpu);
      driverCpuMs = (user + system) / 1_000;
      void stopTrace(browser).then(traced.resolve, traced.reject);
    }
  };
  await answers.ask(sessions, tokens, onToken);
  const events = await traced.promise;
  const lanes = lanesOf(events).map((lane) => {
    const owner = owners.get(lane.processId);
    return {...lane, ...(owner ?? {owner: 'browser' as const, label: lane.process})};
  });
  const engines = lanes.filter(({owner, thread}) => owner === 'tab' && thread === 'engine');
  const steps = engines.flatMap(({tasks}) => tasks);
  return {
    lanes,
    startMs: Math.min(...steps.map(({startMs}) => startMs)),
    endMs: Math.max(...steps.map(({endMs}) => endMs)),
    tokens: counted,
    driverCpuMs,
  };
}

async function ownersOf({
  lenders,
  clients,
}: ServedAnswers): Promise<ReadonlyMap<number, Pick<OwnedLane, 'owner' | 'label'>>> {
  const owners = new Map<number, Pick<OwnedLane, 'owner' | 'label'>>();
  for (const [at, tab] of lenders.entries()) {
    owners.set(await tab.findProcess(), {owner: 'tab', label: `tab ${at + 1}`});
  }
  for (const [at, tab] of clients.entries()) {
    owners.set(await tab.findProcess(), {owner: 'client', label: `client ${at + 1}`});
  }
  return owners;
}

async function startTrace(browser: Browser): Promise<void> {
  await browser.startTracing(undefined, {categories: TRACE_CATEGORIES});
}

async function stopTrace(browser: Browser): Promise<TraceEvent[]> {
  const trace = await browser.stopTracing();
  return traceSchema.parse(JSON.parse(trace.toString('utf8'))).traceEvents;
}
