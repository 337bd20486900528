import type {Lane, Task} from './read-trace.ts';

/** Whose a process is. */
export type Owner = 'tab' | 'client' | 'browser';
export type OwnedLane = Lane & {readonly owner: Owner; readonly label: string};

/** What goes on at a moment, by what is nearest to the engine. */
export const ACTIVITIES = ['engine', 'page', 'links', 'client', 'browser', 'nothing'] as const;
export type Activity = (typeof ACTIVITIES)[number];

export type TimeAccount = {
  readonly windowMs: number;
  /** Of the window, how much each activity had while none before it in the list went on; the sum is the window. */
  readonly wallMs: Readonly<Record<Activity, number>>;
  /** How long so many engines ran at once, from none on. */
  readonly enginesMs: readonly number[];
  /** What each activity had of the processor, whatever went on beside it. */
  readonly cpuMs: Readonly<Record<Exclude<Activity, 'nothing'>, number>>;
  /** Runs of the engine that ended in the window, a batch of steps each: what they gave is heard in it, too. */
  readonly runs: readonly Task[];
};

/** Other messages to the engine take less than a step. */
const LEAST_RUN_MS = 1;

/** Where the time between two moments went. */
export function accountForTime(
  lanes: readonly OwnedLane[],
  {startMs, endMs}: {readonly startMs: number; readonly endMs: number},
): TimeAccount {
  const changes: {atMs: number; activity: Exclude<Activity, 'nothing'>; by: 1 | -1}[] = [];
  const cpuMs = {engine: 0, page: 0, links: 0, client: 0, browser: 0};
  const runs: Task[] = [];
  for (const lane of lanes) {
    const activity = activityOf(lane);
    for (const task of lane.tasks) {
      if (task.endMs <= startMs || task.startMs >= endMs) continue;
      changes.push({atMs: Math.max(startMs, task.startMs), activity, by: 1});
      changes.push({atMs: Math.min(endMs, task.endMs), activity, by: -1});
      cpuMs[activity] += task.cpuMs;
      const isRun = activity === 'engine' && task.endMs - task.startMs >= LEAST_RUN_MS;
      if (isRun && task.endMs <= endMs) runs.push(task);
    }
  }
  changes.sort((a, b) => a.atMs - b.atMs);
  const wallMs = {engine: 0, page: 0, links: 0, client: 0, browser: 0, nothing: 0};
  const enginesMs: number[] = [];
  const running = {engine: 0, page: 0, links: 0, client: 0, browser: 0};
  let atMs = startMs;
  for (const change of [...changes, {atMs: endMs, activity: 'engine', by: 0} as const]) {
    const tookMs = change.atMs - atMs;
    wallMs[ACTIVITIES.find((each) => each === 'nothing' || running[each] > 0) ?? 'nothing'] +=
      tookMs;
    enginesMs[running.engine] = (enginesMs[running.engine] ?? 0) + tookMs;
    running[change.activity] += change.by;
    ({atMs} = change);
  }
  return {
    windowMs: endMs - startMs,
    wallMs,
    enginesMs: Array.from(enginesMs, (ms) => ms ?? 0),
    cpuMs,
    runs,
  };
}

export function activityOf({owner, thread}: OwnedLane): Exclude<Activity, 'nothing'> {
  if (owner !== 'tab') return owner;
  if (thread === 'engine') return 'engine';
  return thread === 'CrRendererMain' ? 'page' : 'links';
}
