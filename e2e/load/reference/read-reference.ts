/// <reference types="node" />
import * as z from 'zod';
import {WeftError} from '#shared/base/errors.ts';
import {readJsonFile} from '../../tools/command-line/files/read-json-file.ts';
import type {Scenario} from '../scenario/scenario.ts';
import {toQuestion, type RightAnswers} from './find-reference.ts';

const answersSchema = z.array(z.array(z.int().nonnegative()));

/**
 * The right answers to the prompts of a scenario, from a file: a list of token ids for each, in their order.
 * Of a longer one what the scenario asks for counts.
 *
 * @throws {WeftError} `FILE_UNREADABLE`; `REFERENCE_INVALID` with what is wrong.
 */
export async function readReference(path: string, {requests}: Scenario): Promise<RightAnswers> {
  const parsed = answersSchema.safeParse(await readJsonFile('compare with', path));
  const {prompts, maxTokens} = requests;
  if (!parsed.success) throw invalid(path, 'it is no list of lists of token ids', parsed.error);
  const {data} = parsed;
  if (data.length !== prompts.length) {
    throw invalid(path, `it has ${data.length} answers for ${prompts.length} prompts`);
  }
  return new Map(
    prompts.map((prompt, at) => [toQuestion(prompt), data[at]?.slice(0, maxTokens) ?? []]),
  );
}

function invalid(path: string, why: string, cause?: unknown): WeftError {
  return new WeftError(
    {code: 'REFERENCE_INVALID', path} as const,
    `Cannot compare with "${path}": ${why}; write one list for each prompt, such as [[504, 3575, 2]]`,
    {cause},
  );
}
