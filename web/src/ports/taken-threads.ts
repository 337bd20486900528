/** Threads of the processor that the engine of this tab has, until it gives them back. */
export type TakenThreads = {readonly threadCount: number; readonly release: () => void};
