import {Interpreter, type Environment} from '@huggingface/jinja';
import {adaptOwner, evaluateObject, toValue, type Statement, type Value} from './python-values.ts';
import {textOf} from './python-text.ts';
import {TEXT_METHODS} from './text-methods.ts';

type Node = NonNullable<Statement>;
type Body = readonly Node[];

/** The library prints them as JSON has them. */
const PRINTED_OTHERWISE: ReadonlySet<string> = new Set([
  'BooleanValue',
  'ArrayValue',
  'ObjectValue',
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

  override evaluate(statement: Statement, environment: Environment): Value {
    if (statement === undefined) return super.evaluate(statement, environment);
    if ('object' in statement && isNode(statement.object)) this.#owners.add(statement.object);
    const result = this.#evaluate(statement, environment);
    if (this.#owners.has(statement)) adaptOwner(result);
    if (PRINTED_OTHERWISE.has(result.type)) result.toString = () => textOf(result);
    return result;
  }

  #evaluate(statement: Node, environment: Environment): Value {
    const asLibrary = (node: Node) => super.evaluate(node, environment);
    switch (statement.type) {
      case 'ObjectLiteral':
        return evaluateObject(statement, asLibrary);
      case 'For':
        return asLibrary(this.#withWholeTurns(statement));
      case 'If':
        return this.#chooseBody(statement, environment) ?? asLibrary(statement);
      case 'Break':
      case 'Continue':
        // oxlint-disable-next-line typescript/only-throw-error -- no error: it is on its way to its loop.
        throw new LoopControl(statement.type, '');
      case 'FilterExpression':
        return this.#asText(statement, environment) ?? asLibrary(statement);
      case 'BinaryExpression':
        return this.#joined(statement, environment) ?? asLibrary(statement);
      default:
        return statement instanceof Turn
          ? this.#takeTurn(statement, environment)
          : asLibrary(statement);
    }
  }

  /** The library forgets what a turn has written in front of a `{% break %}` or `{% continue %}`. */
  #withWholeTurns(loop: Node): Node {
    if (!('body' in loop) || !isBody(loop.body)) return loop;
    return Object.assign(Object.create(loop), {body: [new Turn(loop.body)]});
  }

  #takeTurn(turn: Turn, environment: Environment): Value {
    // Nothing is written any more that the library could forget.
    if (turn.isLast) return super.evaluate(BREAK, environment);
    try {
      return toValue(this.#write(turn.body, environment));
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
    // oxlint-disable-next-line eslint/no-underscore-dangle -- the library's name for it.
    const isTrue = this.evaluate(test, environment).__bool__().value;
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

  /** `x | string` of whatever it is, and `x | trim` of what is not there: nothing. */
  #asText(filtered: Node, environment: Environment): Value | null {
    if (!('filter' in filtered && 'operand' in filtered)) return null;
    const {filter, operand} = filtered;
    if (!isNode(filter) || filter.type !== 'Identifier' || !('value' in filter)) return null;
    if (!isNode(operand) || (filter.value !== 'string' && filter.value !== 'trim')) return null;
    const text = textOf(this.evaluate(operand, environment));
    return toValue(filter.value === 'string' ? text : strip(text));
  }

  /** `a ~ b`, whatever they are. */
  #joined(pair: Node, environment: Environment): Value | null {
    if (!('operator' in pair && 'left' in pair && 'right' in pair)) return null;
    const {operator, left, right} = pair;
    if (!isNode(operator) || !('value' in operator) || operator.value !== '~') return null;
    if (!isNode(left) || !isNode(right)) return null;
    const [start, end] = [this.evaluate(left, environment), this.evaluate(right, environment)];
    return toValue(textOf(start) + textOf(end));
  }
}

/** A body that is evaluated once for each turn of its loop. */
class Turn {
  readonly type = 'Turn';
  readonly body: Body;
  isLast = false;

  constructor(body: Body) {
    this.body = body;
  }
}

const strip = (text: string) => TEXT_METHODS.get('strip')?.(text) ?? text;

const BREAK: Node = {type: 'Break'};

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'type' in part;
}

function isBody(part: unknown): part is Body {
  return Array.isArray(part) && part.every(isNode);
}
