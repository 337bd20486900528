import * as z from 'zod';

/** Tasks of one thread of the browser. */
export type Lane = {
  readonly processId: number;
  /** As the browser names it. */
  readonly process: string;
  readonly thread: string;
  /** One after the other, none inside another. */
  readonly tasks: readonly Task[];
};

export type Task = {
  readonly startMs: number;
  readonly endMs: number;
  /** Of the processor: less than it took where the thread had to wait for a core. */
  readonly cpuMs: number;
};

/** Of what a browser writes when it is traced, what is read here; times in µs. */
export const traceSchema = z.object({
  traceEvents: z.array(
    z.object({
      ph: z.string(),
      pid: z.number(),
      tid: z.number(),
      name: z.string(),
      ts: z.number(),
      dur: z.number().optional(),
      tdur: z.number().optional(),
      args: z
        .object({
          name: z.unknown(),
          data: z.object({url: z.unknown()}).optional().catch(undefined),
        })
        .partial()
        .optional()
        .catch(undefined),
    }),
  ),
});
export type TraceEvent = z.infer<typeof traceSchema>['traceEvents'][number];

/** Which tasks of threads Chromium writes down, and whose script they ran. */
export const TRACE_CATEGORIES = ['-*', 'toplevel', 'devtools.timeline'];

const TASK = 'ThreadControllerImpl::RunTask';
const SCRIPT_OF_WORKER = /\/(?<name>[\w-]+)\.worker-[^/]*$/u;

/**
 * The threads that ran something, with their tasks. A worker has the name of its script, all other threads
 * the name that the browser gives them.
 */
export function lanesOf(events: readonly TraceEvent[]): readonly Lane[] {
  const threads = new Map<string, {processId: number; name: string; tasks: Task[]}>();
  const threadOf = ({pid, tid}: TraceEvent) => {
    const key = `${pid}.${tid}`;
    const thread = threads.get(key) ?? {processId: pid, name: `thread ${tid}`, tasks: []};
    threads.set(key, thread);
    return thread;
  };
  // The names of threads may come last, and hide whose worker one is.
  const isName = ({ph, name}: TraceEvent) => ph === 'M' && name === 'thread_name';
  for (const event of events.filter(isName)) threadOf(event).name = String(event.args?.name);
  for (const event of events) {
    const worker = workerOf(event);
    if (worker !== null) threadOf(event).name = worker;
    if (event.ph === 'X' && event.name === TASK) threadOf(event).tasks.push(taskOf(event));
  }
  const processes = new Map(
    events
      .filter(({ph, name}) => ph === 'M' && name === 'process_name')
      .map(({pid, args}) => [pid, String(args?.name)]),
  );
  return [...threads.values()]
    .filter(({tasks}) => tasks.length > 0)
    .map(({processId, name, tasks}) => ({
      processId,
      process: processes.get(processId) ?? `process ${processId}`,
      thread: name,
      tasks: outermost(tasks),
    }));
}

function taskOf({ts, dur = 0, tdur = 0}: TraceEvent): Task {
  return {startMs: ts / 1_000, endMs: (ts + dur) / 1_000, cpuMs: tdur / 1_000};
}

function workerOf({name, args}: TraceEvent): string | null {
  const url = name === 'FunctionCall' ? args?.data?.url : null;
  if (typeof url !== 'string') return null;
  return SCRIPT_OF_WORKER.exec(url)?.groups?.['name'] ?? null;
}

/** A task that waits may run others inside itself. */
function outermost(tasks: readonly Task[]): readonly Task[] {
  const kept: Task[] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const task of tasks.toSorted((a, b) => a.startMs - b.startMs || b.endMs - a.endMs)) {
    if (task.startMs < endMs) continue;
    kept.push(task);
    ({endMs} = task);
  }
  return kept;
}
