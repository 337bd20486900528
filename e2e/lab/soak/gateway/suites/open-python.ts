/// <reference types="node" />
import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {
  describeFailure,
  runProcess,
  type ProcessOutcome,
} from '../../../../tools/machine/run-process.ts';

const FOLDER = fileURLToPath(new URL('../../../../../.cache/python/', import.meta.url));
/** Clients and suites that come by pip. */
const PACKAGES = ['openai>=2,<3', 'llm-comply>=0.5,<0.6'];
const INSTALL_MS = 10 * 60_000;
const RUN_MS = 20 * 60_000;

/** A Python with the packages that the soak needs, or why there is none. */
export type Python =
  | {
      readonly kind: 'ready';
      /** @returns what it wrote. @throws {Error} when it did not end well, unless any end will do. */
      readonly run: (
        args: readonly string[],
        options?: {readonly anyEnd: boolean},
      ) => Promise<string>;
    }
  | {readonly kind: 'missing'; readonly reason: string};

/** Makes an environment of its own for Python, once. */
export async function openPython(signal: AbortSignal): Promise<Python> {
  const {env} = process;
  const run = async (file: string, args: readonly string[], timeoutMs: number) =>
    await runProcess({file, args, env, timeoutMs, signal});
  const own = join(FOLDER, 'bin', 'python');
  const isMade = await access(own).then(
    () => true,
    () => false,
  );
  const steps = [
    ...(isMade ? [] : [['python3', '-m', 'venv', FOLDER]]),
    [own, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES],
  ];
  for (const [file = '', ...args] of steps) {
    const outcome = await run(file, args, INSTALL_MS);
    if (!isWell(outcome)) return {kind: 'missing', reason: describeFailure(outcome)};
  }
  return {
    kind: 'ready',
    run: async (args, {anyEnd} = {anyEnd: false}) => {
      const outcome = await run(own, args, RUN_MS);
      if (outcome.kind !== 'ended' || !(anyEnd || isWell(outcome))) {
        throw new Error(`Python failed: ${describeFailure(outcome)}`);
      }
      return outcome.stdout;
    },
  };
}

function isWell(outcome: ProcessOutcome): boolean {
  return outcome.kind === 'ended' && outcome.code === 0;
}
