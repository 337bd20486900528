import {Environment} from '@huggingface/jinja';
import {assert} from '../../../base/assert.ts';
import {functionsWithin} from './python/functions.ts';
import type {Program} from './python/syntax/parse-template.ts';
import {PythonInterpreter} from './python/python-interpreter.ts';
import type {Statement, Value} from './python/python-values.ts';

/** Those of any model's file need some hundred for a message. A step takes about 10 µs at worst. */
const FREE_STEPS = 100_000;
const STEPS_PER_MESSAGE = 2_000;
/** Of a text, whatever is done with it. */
const CHARACTERS_PER_STEP = 1_024;
/** Of a list or a dictionary. */
const ENTRIES_PER_STEP = 64;
/** Far more than any context holds. */
const MAX_TEXT_CHARACTERS = 64 * 1024 * 1024;

/** Something in a template would go on for ever, or fill the memory. */
export class TemplateTooLargeError extends Error {
  override readonly name = 'TemplateTooLargeError';
}

/**
 * Renders what a stranger's file brought, in a bounded number of steps.
 *
 * @param options.nowMs Unix time: some templates tell the model the date.
 * @throws {TemplateRefusal} when the template refuses `variables`.
 * @throws {TemplateTooLargeError} when it needs more steps than `messageCount` messages could.
 * @throws what the library throws when the template is wrong.
 */
export function renderTemplate(
  program: Program,
  variables: Readonly<Record<string, unknown>>,
  {messageCount, nowMs}: {readonly messageCount: number; readonly nowMs: number},
): string {
  const budget = new Budget(FREE_STEPS + messageCount * STEPS_PER_MESSAGE);
  const environment = new Environment();
  const spend = (steps: number) => {
    budget.spend(steps);
  };
  const globals = {...CONSTANTS, ...variables};
  for (const [name, value] of Object.entries(globals)) environment.set(name, value);
  for (const [name, value] of Object.entries(functionsWithin({nowMs, spend}))) {
    environment.setVariable(name, value);
  }
  const {value} = new BoundedInterpreter(environment, budget).run(program);
  assert(typeof value === 'string', 'a template makes a text');
  return value;
}

/** Spelt both ways, as Jinja does. */
const CONSTANTS = {false: false, true: true, none: null, False: false, True: true, None: null};

class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  spend(steps: number): void {
    this.#left -= steps;
    // Of what is no number, too.
    if (!(this.#left >= 0))
      throw new TemplateTooLargeError('it takes more steps than any chat needs');
  }
}

/** Counts what it evaluates, how long texts are, and how often loops turn, since an empty loop evaluates nothing. */
class BoundedInterpreter extends PythonInterpreter {
  readonly #budget: Budget;
  /** What loops go over. */
  readonly #iterables = new WeakSet<object>();

  constructor(environment: Environment, budget: Budget) {
    super(environment, (steps) => {
      budget.spend(steps);
    });
    this.#budget = budget;
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    this.#budget.spend(1);
    if (statement === undefined) return super.evaluate(statement, environment);
    if (statement.type === 'For') this.#noteIterable(statement);
    const result = super.evaluate(statement, environment);
    const size = sizeOf(result.value);
    this.#budget.spend(this.#iterables.has(statement) ? size : Math.floor(size / ENTRIES_PER_STEP));
    if (typeof result.value === 'string') {
      refuseTooLong(result.value);
      this.#budget.spend(Math.floor(result.value.length / CHARACTERS_PER_STEP));
    }
    return result;
  }

  #noteIterable(loop: object): void {
    if (!('iterable' in loop) || typeof loop.iterable !== 'object' || loop.iterable === null)
      return;
    const {iterable} = loop;
    // `for x in xs if …` goes over `xs`, the left side.
    const over = 'lhs' in iterable ? iterable.lhs : iterable;
    if (typeof over === 'object' && over !== null) this.#iterables.add(over);
  }
}

function refuseTooLong(text: string): void {
  if (text.length <= MAX_TEXT_CHARACTERS) return;
  throw new TemplateTooLargeError('it makes a text that is longer than any chat');
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}
