import {Environment, Interpreter} from '@huggingface/jinja';
import {testByName} from './value-tests.ts';
import {FILTERS, type Arguments, type Tools} from './filters.ts';
import {
  filterNode,
  Given,
  isBody,
  isNode,
  Iterated,
  overAnything,
  pairNode,
  readArgument,
  readFilter,
  readIndexed,
  readPair,
  readTest,
  STATEMENTS,
  testNode,
  Turn,
  withParts,
  type Body,
  type Node,
} from './nodes.ts';
import {iterated, operate} from './operators.ts';
import {TEST_FILTERS} from './parse-template.ts';
import {textOf} from './python-text.ts';
import {
  adaptOwner,
  evaluateObject,
  isTruthy,
  toValue,
  type Statement,
  type Value,
} from './python-values.ts';
import type {Spend} from './spending.ts';

/** The library prints them as JSON has them, however long that takes. */
const PRINTED_OTHERWISE: ReadonlySet<string> = new Set([
  'BooleanValue',
  'ArrayValue',
  'TupleValue',
  'ObjectValue',
  'NamespaceValue',
]);

/** `{% break %}` or `{% continue %}`, on its way to the loop, with what this turn of it has written. */
class LoopControl {
  readonly kind: 'Break' | 'Continue';
  readonly text: string;

  constructor(kind: 'Break' | 'Continue', text: string) {
    this.kind = kind;
    this.text = text;
  }
}

/** Evaluates what the library does otherwise than Python and Jinja, which templates are written for. */
export class PythonInterpreter extends Interpreter {
  /** What members are taken of. */
  readonly #owners = new WeakSet<object>();
  /** Parts of bodies: their values are written. */
  readonly #written = new WeakSet<object>();
  readonly #spend: Spend;

  /** @param spend called before as many steps are taken. */
  constructor(environment: Environment, spend: Spend) {
    super(environment);
    this.#spend = spend;
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    if (statement === undefined) return super.evaluate(statement, environment);
    if (statement instanceof Given) return statement.value;
    this.#note(statement);
    const result = this.#evaluate(statement, environment);
    if (result.type === 'NullValue' && this.#written.has(statement)) return toValue('None');
    if (this.#owners.has(statement)) adaptOwner(result);
    if (PRINTED_OTHERWISE.has(result.type)) result.toString = () => textOf(result, this.#spend);
    return result;
  }

  #note(statement: Node): void {
    if ('object' in statement && isNode(statement.object)) this.#owners.add(statement.object);
    for (const key of ['body', 'alternate', 'defaultBlock'] as const) {
      const part: unknown = Reflect.get(statement, key);
      if (!isBody(part)) continue;
      for (const node of part) if (!STATEMENTS.has(node.type)) this.#written.add(node);
    }
  }

  #evaluate(statement: Node, environment: Environment): Value {
    const asLibrary = (node: Node) => super.evaluate(node, environment);
    switch (statement.type) {
      case 'ObjectLiteral':
        return evaluateObject(statement, asLibrary);
      case 'For':
        return asLibrary(this.#withWholeTurns(overAnything(statement)));
      case 'If':
        return this.#chooseBody(statement, environment) ?? asLibrary(statement);
      case 'Break':
      case 'Continue':
        // oxlint-disable-next-line typescript/only-throw-error -- no error: it is on its way to its loop.
        throw new LoopControl(statement.type, '');
      default: {
        if (statement instanceof Turn) return this.#takeTurn(statement, environment);
        if (statement instanceof Iterated) {
          return iterated(this.evaluate(statement.node, environment), this.#spend);
        }
        return this.#express(statement, environment) ?? asLibrary(statement);
      }
    }
  }

  /** `null`: as the library does it. */
  #express(expression: Node, environment: Environment): Value | null {
    switch (expression.type) {
      case 'FilterExpression':
        return this.#filtered(expression, environment);
      case 'BinaryExpression':
        return this.#operated(expression, environment);
      case 'MemberExpression':
        return this.#indexed(expression, environment);
      case 'TestExpression':
        return this.#tested(expression, environment);
      default:
        return null;
    }
  }

  /** The library forgets what a turn has written in front of a `{% break %}` or `{% continue %}`. */
  #withWholeTurns(loop: Node): Node {
    if (!('body' in loop) || !isBody(loop.body)) return loop;
    return withParts(loop, {body: [new Turn(loop.body)]});
  }

  #takeTurn(turn: Turn, environment: Environment): Value {
    // Nothing is written any more that the library could forget.
    if (turn.isLast) return super.evaluate(BREAK, environment);
    try {
      // Nothing that a turn sets is there in the next: the library has one scope for all of them.
      return toValue(this.#write(turn.body, new Environment(environment)));
    } catch (control) {
      if (!(control instanceof LoopControl)) throw control;
      turn.isLast = control.kind === 'Break';
      return toValue(control.text);
    }
  }

  #chooseBody(choice: Node, environment: Environment): Value | null {
    if (!('test' in choice && 'body' in choice && 'alternate' in choice)) return null;
    const {test, body, alternate} = choice;
    if (!isNode(test) || !isBody(body) || !isBody(alternate)) return null;
    const isTrue = isTruthy(this.evaluate(test, environment));
    return toValue(this.#write(isTrue ? body : alternate, environment));
  }

  #write(body: Body, environment: Environment): string {
    let text = '';
    for (const statement of body) {
      try {
        const part = this.evaluate(statement, environment);
        if (part.type !== 'NullValue' && part.type !== 'UndefinedValue') text += part.toString();
      } catch (control) {
        if (!(control instanceof LoopControl)) throw control;
        // oxlint-disable-next-line typescript/only-throw-error -- the same, with what was written before it.
        throw new LoopControl(control.kind, text + control.text);
      }
    }
    return text;
  }

  #filtered(filtered: Node, environment: Environment): Value | null {
    const read = readFilter(filtered);
    if (read === null) return null;
    const {name, operand, args} = read;
    const isTest = name === TEST_FILTERS.is || name === TEST_FILTERS.isNot;
    if (!isTest && !FILTERS.has(name)) return null;
    const value = this.evaluate(operand, environment);
    const given = this.#argumentsOf(args, environment);
    const tools = this.#toolsIn(environment);
    if (!isTest) return tools.filter(name, value, given);
    const [test, ...positional] = given.positional;
    const isTrue =
      test !== undefined && tools.test(textOf(test, this.#spend), value, {...given, positional});
    return toValue(isTrue === (name === TEST_FILTERS.is));
  }

  #tested(tested: Node, environment: Environment): Value | null {
    const read = readTest(tested);
    if (read === null) return null;
    const operand = this.evaluate(read.operand, environment);
    const given = {positional: [], named: new Map<string, Value>()};
    const isTrue = this.#toolsIn(environment).test(read.name, operand, given);
    return toValue(isTrue !== read.isNegated);
  }

  #argumentsOf(nodes: Body, environment: Environment): Arguments {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    for (const {name, value} of nodes.map(readArgument)) {
      const evaluated = this.evaluate(value, environment);
      if (name === null) positional.push(evaluated);
      else named.set(name, evaluated);
    }
    return {positional, named};
  }

  #toolsIn(environment: Environment): Tools {
    const asLibrary = (node: Node) => super.evaluate(node, environment);
    const tools: Tools = {
      spend: this.#spend,
      filter: (name, operand, given) =>
        FILTERS.get(name)?.(operand, given, tools) ?? asLibrary(filterNode(name, operand, given)),
      test: (name, operand, given) =>
        testByName(name, operand, {given, tools}) ?? isTruthy(asLibrary(testNode(name, operand))),
      operate: (operator, left, right) => this.#operate({operator, left, right}, environment),
    };
    return tools;
  }

  /** But for `and` and `or`, which may leave their right side alone. */
  #operated(pair: Node, environment: Environment): Value | null {
    const read = readPair(pair);
    if (read === null || read.operator === 'and' || read.operator === 'or') return null;
    const left = this.evaluate(read.left, environment);
    const right = this.evaluate(read.right, environment);
    return this.#operate({operator: read.operator, left, right}, environment);
  }

  #operate(
    pair: {readonly operator: string; readonly left: Value; readonly right: Value},
    environment: Environment,
  ): Value {
    const asLibrary = (operator: string, left: Value, right: Value) =>
      super.evaluate(pairNode(operator, left, right), environment);
    const own = operate(pair, {spend: this.#spend, asLibrary});
    return own ?? asLibrary(pair.operator, pair.left, pair.right);
  }

  /** `text[3]` counts characters. */
  #indexed(member: Node, environment: Environment): Value | null {
    const read = readIndexed(member);
    if (read === null) return null;
    const owner = this.evaluate(read.owner, environment);
    const key = this.evaluate(read.key, environment);
    const {value} = owner;
    if (typeof value === 'string' && key.type === 'IntegerValue' && PAIR.test(value)) {
      this.#spend(value.length);
      return toValue(Array.from(value).at(Number(key.value)));
    }
    const evaluated = {object: new Given(owner), property: new Given(key)};
    return super.evaluate(withParts(member, evaluated), environment);
  }
}

/** A character of two units of UTF-16. */
const PAIR = /[\u{10000}-\u{10FFFF}]/u;

const BREAK: Node = {type: 'Break'};
