/// <reference types="node" />

/** Benchmarks by name; each is a module that runs when it is loaded and prints JSON lines. */
const BENCHMARKS: Readonly<Record<string, () => Promise<unknown>>> = {
  scheduling: () => import('../bench/scheduling.ts'),
};

const asked = process.argv.slice(2).filter((word) => word in BENCHMARKS);
const names = asked.length > 0 ? asked : Object.keys(BENCHMARKS);
// One after the other: they would slow each other down.
for (const name of names) await BENCHMARKS[name]?.();
