import {NumberAutomata} from '../numbers/number-automata.ts';
import {schemaTooLarge} from './schema-fault.ts';

/** Of all schemas of one request: some thirty milliseconds. A form of fifty fields takes a few thousand. */
const MOST_STEPS = 400_000;
/** Of one place in the digits of a number. */
const STEPS_OF_DIGIT = 150;

/**
 * What it takes to look through the schemas of one request, counted before it is done: whoever sends many costs the
 * thread that serves all others no more than whoever sends one.
 */
export class ReadingWork {
  /** Of all schemas: numbers with the same bounds are looked through once. */
  readonly numbers = new NumberAutomata(() => {
    this.spend(STEPS_OF_DIGIT);
  });
  #left = MOST_STEPS;

  /**
   * @param steps some eighty nanoseconds each.
   * @param pointer where in a schema, as a JSON pointer.
   * @throws {SchemaFault} when the schemas take more than there may be.
   */
  spend(steps: number, pointer = ''): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    throw schemaTooLarge(
      pointer,
      'takes, with all before it in the request, too much work to look through: make patterns, alternatives and bounds simpler',
    );
  }
}
