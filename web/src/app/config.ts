import * as z from 'zod/mini';
import {WeftError} from '#shared/base/errors.ts';
import {parseWithoutEval} from './node/without-eval.ts';

parseWithoutEval();

const count = z.coerce.number().check(z.int(), z.positive());

/** What the address of the page may say. Everything optional; wrong values are named. */
const searchSchema = z.object({
  /** An id of the catalogue; by default, the first entry. */
  model: z.optional(z.string().check(z.minLength(1))),
  /** By default the best available, and the CPU in a tab driven by a program. */
  engine: z.optional(z.enum(['best', 'wasm', 'webgpu', 'stub'])),
  /** Threads of the CPU that layers may take. */
  threads: z.optional(count),
  /** How many layers this tab can hold; embedding and LM head are free under it. */
  maxLayers: z.optional(count),
  /** How much memory this tab lends; by default, what was last chosen on this device. */
  memoryMiB: z.optional(count),
  /** Controlled by a program: nothing is remembered, and `weftTab` is there to call. */
  headless: z.prefault(z.stringbool(), 'false'),
});

export type PageConfig = Readonly<z.infer<typeof searchSchema>>;

const EXPECTED: Readonly<Record<string, string>> = {
  engine: 'best, wasm, webgpu or stub',
  threads: 'a whole number above 0',
  maxLayers: 'a whole number above 0',
  memoryMiB: 'a whole number above 0',
  headless: 'true or false',
};

/** @throws {WeftError} `ADDRESS_UNREADABLE`, naming the parameter and what it may be. */
export function readPageConfig(search: string): PageConfig {
  const result = searchSchema.safeParse(Object.fromEntries(new URLSearchParams(search)));
  if (result.success) return Object.freeze(result.data);
  const name = result.error.issues[0]?.path.join('.') ?? '';
  throw new WeftError(
    {code: 'ADDRESS_UNREADABLE', name},
    `Cannot read "${name}" in the address: expected ${EXPECTED[name] ?? 'some text'}`,
    {cause: result.error},
  );
}
