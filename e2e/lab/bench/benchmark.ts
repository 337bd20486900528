import type {BenchLine} from './bench-line.ts';

/** What every benchmark is given. */
export type BenchmarkContext = {
  readonly seed: number;
  /** Sizes of the swarms, when the caller asks for other than the usual ones. */
  readonly nodes: readonly number[] | null;
  /** Of benchmarks of an engine: which; by default, all that there are. */
  readonly engine?: 'wasm' | 'webgpu';
  /** Of the benchmark of an engine on the processor: its threads, and those of what it is compared with. */
  readonly threads: number;
  /** Where tables and pages go. */
  readonly reportDir: string;
  /** Prints one line of JSON on stdout. */
  readonly print: (line: BenchLine) => void;
  /** Progress, on stderr. */
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
};

/** Measures, prints a line for each figure, and resolves when it is done. */
export type Benchmark = (context: BenchmarkContext) => Promise<void>;
