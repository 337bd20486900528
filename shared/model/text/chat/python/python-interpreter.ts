import {Environment, Interpreter} from '@huggingface/jinja';
import {testByName} from './value-tests.ts';
import {FILTERS, type Tools} from './filters.ts';
import {attributeOf, itemOf, sameKind} from './members.ts';
import {
  filteredNode,
  filterNode,
  Given,
  isBody,
  isNamed,
  isNode,
  Iterated,
  nameOf,
  nodeCount,
  overAnything,
  pairNode,
  readArgument,
  readCall,
  readComparisons,
  readFilter,
  readMember,
  readPair,
  readTest,
  STATEMENTS,
  testNode,
  tupleNode,
  Turn,
  withParts,
  type Body,
  type Node,
} from './nodes.ts';
import {isEqual, iterated, operate, unpacked} from './operators.ts';
import {TEST_FILTERS, TUPLE_CALL, WITH_FILTER} from './syntax/parse-template.ts';
import {textOf} from './python-text.ts';
import {
  evaluateObject,
  functionOf,
  isRange,
  isTruthy,
  refuseNoList,
  toValue,
  type Arguments,
  type Statement,
  type Value,
} from './python-values.ts';
import {spendOn, spendOnEach, type Spend} from './spending.ts';

/** The library prints them as JSON has them, however long that takes. */
const PRINTED_OTHERWISE: ReadonlySet<string> = new Set([
  'BooleanValue',
  'ArrayValue',
  'TupleValue',
  'ObjectValue',
  'NamespaceValue',
  'FloatValue',
  'FunctionValue',
  'GeneratorValue',
  'RangeValue',
  'ViewValue',
]);

/** `{% break %}` or `{% continue %}`, on its way to the loop, with what this turn of it has written. */
class LoopControl extends Error {
  override readonly name = 'LoopControl';
  readonly kind: 'Break' | 'Continue';
  readonly text: string;

  constructor(kind: 'Break' | 'Continue', text: string) {
    super(`{% ${kind.toLowerCase()} %} is in no loop`);
    this.kind = kind;
    this.text = text;
  }
}

/** Evaluates what the library does otherwise than Python and Jinja, which templates are written for. */
export class PythonInterpreter extends Interpreter {
  readonly #noted = new WeakSet<object>();
  /** Parts of bodies: their values are written. */
  readonly #written = new WeakSet<object>();
  readonly #sizes = new WeakMap<object, number>();
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
    if (PRINTED_OTHERWISE.has(result.type)) result.toString = () => textOf(result, this.#spend);
    return result;
  }

  #note(statement: Node): void {
    for (const key of ['body', 'alternate', 'defaultBlock'] as const) {
      const part: unknown = Reflect.get(statement, key);
      if (!isBody(part) || this.#noted.has(part)) continue;
      this.#noted.add(part);
      for (const node of part) if (!STATEMENTS.has(node.type)) this.#written.add(node);
    }
  }

  #evaluate(statement: Node, environment: Environment): Value {
    const asLibrary = (node: Node) => super.evaluate(node, environment);
    switch (statement.type) {
      case 'For':
        return asLibrary(this.#withWholeTurns(overAnything(statement)));
      case 'Macro':
      case 'CallStatement':
      case 'FilterStatement':
        return this.#evaluateBlock(statement, environment);
      case 'Break':
      case 'Continue':
        throw new LoopControl(statement.type, '');
      default: {
        if (statement instanceof Turn) return this.#takeTurn(statement, environment);
        if (statement instanceof Iterated) {
          const over = iterated(this.evaluate(statement.node, environment), this.#spend);
          return statement.isUnpacked ? unpacked(over) : over;
        }
        return this.#express(statement, environment) ?? asLibrary(statement);
      }
    }
  }

  /** `null`: as the library does it. */
  #express(expression: Node, environment: Environment): Value | null {
    switch (expression.type) {
      case 'If':
        return this.#chooseBody(expression, environment);
      case 'ObjectLiteral':
        return evaluateObject(expression, (literal) => super.evaluate(literal, environment));
      case 'FilterExpression':
        return this.#filtered(expression, environment);
      case 'BinaryExpression':
        return this.#operated(expression, environment);
      case 'MemberExpression':
        return this.#member(expression, environment);
      case 'CallExpression':
        return this.#called(expression, environment);
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
    this.#completeLoop(turn, environment);
    try {
      // Nothing that a turn sets is there in the next: the library has one scope for all of them.
      return toValue(this.#write(turn.body, new Environment(environment)));
    } catch (control) {
      if (!(control instanceof LoopControl)) throw control;
      turn.isLast = control.kind === 'Break';
      return toValue(control.text);
    }
  }

  #evaluateBlock(block: Node, environment: Environment): Value {
    if (block.type === 'FilterStatement') return this.#blockThrough(block, environment);
    this.#spend(this.#sizeOf(block));
    if (block.type === 'Macro') return this.#defineMacro(block, environment);
    return super.evaluate(block, environment);
  }

  /** How many nodes it has: the library looks through them wherever a macro is defined. */
  #sizeOf(statement: Node): number {
    const known = this.#sizes.get(statement);
    if (known !== undefined) return known;
    const size = nodeCount(statement);
    this.#sizes.set(statement, size);
    return size;
  }

  /** What `loop` has besides what the library gives it. */
  #completeLoop(turn: Turn, environment: Environment): void {
    const {value} = environment.lookupVariable('loop');
    if (!(value instanceof Map) || !value.has('index0')) return;
    const at = Number(value.get('index0')?.value);
    // No loop of a template is recursive.
    value.set('depth', toValue(1)).set('depth0', toValue(0));
    value.set(
      'cycle',
      functionOf(({positional}) => {
        if (positional.length === 0) throw new TypeError('loop.cycle() takes values');
        return positional[at % positional.length] ?? toValue(undefined);
      }),
    );
    value.set(
      'changed',
      functionOf(({positional}) => {
        const before = turn.asked;
        turn.asked = positional;
        return toValue(
          before?.length !== positional.length ||
            !positional.every((each, index) => isEqual(each, before[index] ?? each, this.#spend)),
        );
      }),
    );
  }

  /** Of what is around where it is defined: the library takes that of who calls it, but for `caller`. */
  #defineMacro(macro: Node, environment: Environment): Value {
    const result = super.evaluate(macro, environment);
    const name = 'name' in macro && isNode(macro.name) ? nameOf(macro.name) : '';
    const defined: unknown = environment.lookupVariable(name).value;
    if (typeof defined !== 'function') return result;
    const value = (args: readonly Value[], scope: Environment): unknown => {
      const inner = new Environment(environment);
      const caller = scope.variables.get('caller');
      if (caller !== undefined) inner.setVariable('caller', caller);
      try {
        return defined(args, inner);
      } catch (control) {
        // No loop around a call is one of the macro.
        throw control instanceof LoopControl ? new SyntaxError(control.message) : control;
      }
    };
    Object.assign(environment.lookupVariable(name), {value});
    return result;
  }

  /** `{% filter %}`, and `{% with %}`, which is one: what either sets is gone behind it. */
  #blockThrough(block: Node, environment: Environment): Value {
    if (!('filter' in block && 'body' in block) || !isNode(block.filter) || !isBody(block.body)) {
      return super.evaluate(block, environment);
    }
    const inner = new Environment(environment);
    const call = readCall(block.filter);
    if (call === null || nameOf(call.callee) !== WITH_FILTER) {
      const text = toValue(this.#write(block.body, inner));
      return this.evaluate(filteredNode(block.filter, text), environment);
    }
    const {positional, named} = this.#argumentsOf(call.args, environment);
    if (positional.length > 0) throw new TypeError('with takes names');
    for (const [name, value] of named) inner.setVariable(name, value);
    return toValue(this.#write(block.body, inner));
  }

  #called(expression: Node, environment: Environment): Value | null {
    const call = readCall(expression);
    if (call === null) return null;
    if (isNamed(call.callee, TUPLE_CALL)) {
      return super.evaluate(tupleNode(call.args), environment);
    }
    const callee = this.evaluate(call.callee, environment);
    if (callee.type !== 'FunctionValue') {
      throw new TypeError(`it calls "${nameOf(call.callee)}", which is no function here`);
    }
    return super.evaluate(withParts(expression, {callee: new Given(callee)}), environment);
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
      filter: (name, operand, given) => {
        for (const each of [operand, ...given.positional]) spendOn(each, this.#spend);
        return (
          FILTERS.get(name)?.(operand, given, tools) ?? asLibrary(filterNode(name, operand, given))
        );
      },
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
    const {first, comparisons} = readComparisons(read) ?? {first: read.left, comparisons: [read]};
    let left = this.evaluate(first, environment);
    let result = left;
    // Of comparisons in a row, each side is computed once, and none behind one that does not hold.
    for (const {operator, right: node} of comparisons) {
      const right = this.evaluate(node, environment);
      result = this.#operate({operator, left, right}, environment);
      if (comparisons.length > 1 && !isTruthy(result)) break;
      left = right;
    }
    return result;
  }

  #operate(
    pair: {readonly operator: string; readonly left: Value; readonly right: Value},
    environment: Environment,
  ): Value {
    const asLibrary = (operator: string, left: Value, right: Value) =>
      super.evaluate(pairNode(operator, left, right), environment);
    return operate(pair, {spend: this.#spend, asLibrary});
  }

  /** @throws {TypeError} for a part of what is not there: the library goes on with nothing. */
  #member(member: Node, environment: Environment): Value | null {
    const read = readMember(member);
    if (read === null) return null;
    const owner = this.evaluate(read.owner, environment);
    if (owner.type === 'UndefinedValue')
      throw new TypeError('it takes a part of what is not there');
    if (!isRange(owner)) refuseNoList(owner, 'it takes a part of');
    if (read.isSlice) {
      // The library makes a list of all characters first.
      spendOnEach(owner, this.#spend);
      const part = super.evaluate(withParts(member, {object: new Given(owner)}), environment);
      return sameKind(owner, part);
    }
    if (typeof read.key === 'string') return attributeOf(owner, read.key, this.#spend);
    const key = this.evaluate(read.key, environment);
    const evaluated = {object: new Given(owner), property: new Given(key), computed: true};
    return (
      itemOf(owner, key, this.#spend) ?? super.evaluate(withParts(member, evaluated), environment)
    );
  }
}

const BREAK: Node = {type: 'Break'};
