/// <reference types="node" />
import {availableParallelism} from 'node:os';
import {Worker} from 'node:worker_threads';
import {askWorker} from './ask-worker.ts';

const MOST_WORKERS = 4;

/**
 * Asks workers of one kind all the questions, on as many cores as there are (at most four).
 *
 * @param inTurn the questions; each worker takes the next when it is done with one.
 * @param onAnswer hears each answer as it comes.
 * @returns the answers in the order of the questions, however many workers there were.
 * @throws what a worker threw, or the reason of `signal`, which ends the workers.
 */
export async function shareOut<Question, Answer>(
  inTurn: readonly Question[],
  {
    worker: url,
    onAnswer,
    signal,
  }: {
    readonly worker: URL;
    readonly onAnswer: (answer: Answer, question: Question, done: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const waiting = inTurn.entries();
  let done = 0;
  const runOn = async (worker: Worker) => {
    for (const [at, question] of waiting) {
      const answer = await askWorker<Answer>(worker, question, {signal});
      answers[at] = answer;
      done += 1;
      onAnswer(answer, question, done);
    }
  };
  const count = Math.min(MOST_WORKERS, availableParallelism(), inTurn.length);
  const workers = Array.from({length: count}, () => new Worker(url));
  try {
    await Promise.all(workers.map(runOn));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return answers;
}
