/// <reference types="node" />
import * as z from 'zod';
import {WeftError} from '#shared/base/errors.ts';
import {readJsonFile} from '../tools/command-line/files/read-json-file.ts';

const promptsSchema = z.array(z.array(z.int().nonnegative()).min(1)).min(1);

/**
 * Prompts from a file: a list of lists of token ids.
 *
 * @throws {WeftError} `FILE_UNREADABLE`; `PROMPTS_INVALID` with the place of what is wrong.
 */
export async function readPrompts(path: string): Promise<readonly (readonly number[])[]> {
  const parsed = promptsSchema.safeParse(await readJsonFile('read the prompts', path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.length ? `at ${issue.path.join('.')}: ` : '';
  throw new WeftError(
    {code: 'PROMPTS_INVALID', path} as const,
    `Cannot read the prompts "${path}": ${place}${issue?.message ?? 'wrong'}; write a list of lists of token ids, such as [[1, 2, 3]]`,
    {cause: parsed.error},
  );
}
