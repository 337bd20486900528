import type {Browser} from 'playwright';
import type {ServedAnswers} from '../tabs/served-answers.ts';
import {lanesOf, TRACE_CATEGORIES, traceSchema, type TraceEvent} from './read-trace.ts';
import type {OwnedLane} from './account-for-time.ts';
import {SteadyWindow, type WindowOfTokens} from './steady-window.ts';

/** A window on the clock of the lanes. */
export type TracedAnswers = WindowOfTokens & {
  readonly lanes: readonly OwnedLane[];
  /** What this process, the server and who drives the tabs, had of the processor meanwhile. */
  readonly driverCpuMs: number;
};

/**
 * Traces the browser while so many answers go on, from when all have begun until the first is about to end.
 *
 * @throws where the answers end before that.
 */
export async function traceAnswers(
  answers: ServedAnswers,
  {sessions, tokens}: {readonly sessions: number; readonly tokens: number},
): Promise<TracedAnswers> {
  const owners = await ownersOf(answers);
  const {browser} = answers;
  const steady = new SteadyWindow({sessions, tokens});
  const traced = Promise.withResolvers<TraceEvent[]>();
  let startCpu = process.cpuUsage();
  let driverCpuMs = 0;
  const begin = async () => {
    await startTrace(browser);
    startCpu = process.cpuUsage();
    steady.begin();
  };
  const onToken = (answer: number): void => {
    const next = steady.hear(answer, monotonicMs());
    if (next === 'start') {
      void begin().catch(traced.reject);
    } else if (next === 'stop') {
      const {user, system} = process.cpuUsage(startCpu);
      driverCpuMs = (user + system) / 1_000;
      void stopTrace(browser).then(traced.resolve, traced.reject);
    }
  };
  await answers.ask(sessions, tokens, onToken);
  const {window} = steady;
  if (window === null) throw new Error('The answers were over before the browser was traced');
  const events = await traced.promise;
  const lanes = lanesOf(events).map((lane) => {
    const owner = owners.get(lane.processId);
    return {...lane, ...(owner ?? {owner: 'browser' as const, label: lane.process})};
  });
  return {lanes, ...window, driverCpuMs};
}

/** The clock of a trace, on every system on which both read the monotonic one. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
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
