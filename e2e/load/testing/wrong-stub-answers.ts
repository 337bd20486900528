import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {Report} from '../report/report.ts';
import {expectedStubAnswer} from './expected-stub-answer.ts';

type Sampling = {readonly maxTokens: number; readonly temperature: number; readonly seed: number};

/** Requests of a report whose tokens are not those that one stub with the whole model gives. */
export async function wrongStubAnswers(
  {requests}: Report,
  asked: Sampling & {readonly spec: ModelSpec},
): Promise<readonly number[]> {
  const wrong: number[] = [];
  for (const {id, promptTokenIds, tokenIds} of requests) {
    const expected = await expectedStubAnswer({...asked, promptTokenIds});
    if (expected.join() !== tokenIds.join()) wrong.push(id);
  }
  return wrong;
}
