import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';

const packageSchema = z.object({bin: z.union([z.string(), z.record(z.string(), z.string())])});

export type StepResult = {
  readonly exitCode: number;
  /** What it printed, when that was kept. */
  readonly printed: string;
};

/** Runs one tool of `node_modules` with this Node. */
export async function runStep(options: {
  /** Name of the tool, then its arguments. */
  readonly args: readonly string[];
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  /** `as it comes` goes to our own output, `whole` into the result. */
  readonly output: 'as it comes' | 'whole';
  readonly signal: AbortSignal;
}): Promise<StepResult> {
  const [tool = '', ...rest] = options.args;
  const child = spawn(process.execPath, [await scriptOf(options.root, tool), ...rest], {
    cwd: options.root,
    env: {...process.env, ...options.env},
    stdio:
      options.output === 'whole' ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    signal: options.signal,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  await once(child, 'close');
  return {exitCode: child.exitCode ?? 1, printed};
}

/** The script behind a tool's name: npm's own links differ between systems. */
async function scriptOf(root: string, tool: string): Promise<string> {
  const packageName = tool === 'playwright' ? '@playwright/test' : tool;
  const folder = join(root, 'node_modules', packageName);
  const {bin} = packageSchema.parse(
    JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')),
  );
  const script = typeof bin === 'string' ? bin : bin[tool];
  if (script === undefined)
    throw new Error(`The package "${packageName}" has no command "${tool}"`);
  return join(folder, script);
}
