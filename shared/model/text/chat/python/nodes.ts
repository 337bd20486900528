import type {Statement, Value} from './python-values.ts';

/** A part of a parsed template, in the library's shapes. */
export type Node = NonNullable<Statement>;
export type Body = readonly Node[];

/** A part that is evaluated already. */
export class Given {
  readonly type = 'Given';
  readonly value: Value;

  constructor(value: Value) {
    this.value = value;
  }
}

/** What a loop goes over. */
export class Iterated {
  readonly type = 'Iterated';
  readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }
}

/** A body that is evaluated once for each turn of its loop. */
export class Turn {
  readonly type = 'Turn';
  readonly body: Body;
  isLast = false;

  constructor(body: Body) {
    this.body = body;
  }
}

/** What writes nothing by itself; all else in a body is written, `None` too. */
export const STATEMENTS: ReadonlySet<string> = new Set([
  'Set',
  'If',
  'For',
  'Macro',
  'CallStatement',
  'FilterStatement',
  'Break',
  'Continue',
  'Comment',
  'Turn',
]);

export function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'type' in part;
}

export function isBody(part: unknown): part is Body {
  return Array.isArray(part) && part.every(isNode);
}

/** The same with other parts. */
export function withParts(node: Node, parts: Readonly<Record<string, unknown>>): Node {
  return Object.assign(Object.create(node), parts);
}

/** Jinja's loops go over texts, too, and over what is not there. */
export function overAnything(loop: Node): Node {
  if (!('iterable' in loop) || !isNode(loop.iterable)) return loop;
  const {iterable} = loop;
  // `for x in xs if …`
  if (iterable.type === 'SelectExpression' && 'lhs' in iterable && isNode(iterable.lhs)) {
    const chosen = withParts(iterable, {lhs: new Iterated(iterable.lhs)});
    return withParts(loop, {iterable: chosen});
  }
  return withParts(loop, {iterable: new Iterated(iterable)});
}

/** A filter, with the nodes of its arguments. */
type FilterParts = {readonly name: string; readonly operand: Node; readonly args: Body};

/** `null` where arguments are unpacked of a list. */
export function readFilter(filtered: Node): FilterParts | null {
  if (!('filter' in filtered && 'operand' in filtered)) return null;
  const {filter, operand} = filtered;
  if (!isNode(filter) || !isNode(operand)) return null;
  const name = textIn('callee' in filter ? filter.callee : filter);
  const args = 'args' in filter && isBody(filter.args) ? filter.args : [];
  const isUnpacked = args.some(({type}) => type.endsWith('SpreadExpression'));
  return name === null || isUnpacked ? null : {name, operand, args};
}

/** An argument, with its name where it has one. */
export function readArgument(node: Node): {readonly name: string | null; readonly value: Node} {
  const isNamed = node.type === 'KeywordArgumentExpression' && 'key' in node && 'value' in node;
  if (!isNamed || !isNode(node.value)) return {name: null, value: node};
  return {name: textIn(node.key), value: node.value};
}

type TestParts = {readonly name: string; readonly operand: Node; readonly isNegated: boolean};

export function readTest(tested: Node): TestParts | null {
  if (!('operand' in tested && 'test' in tested && 'negate' in tested)) return null;
  const name = textIn(tested.test);
  const {operand, negate} = tested;
  return name === null || !isNode(operand) ? null : {name, operand, isNegated: negate === true};
}

type PairParts = {readonly operator: string; readonly left: Node; readonly right: Node};

export function readPair(pair: Node): PairParts | null {
  if (!('operator' in pair && 'left' in pair && 'right' in pair)) return null;
  const {left, right} = pair;
  const operator = textIn(pair.operator);
  return operator === null || !isNode(left) || !isNode(right) ? null : {operator, left, right};
}

/** `owner[key]`; `null` for `owner.key` and slices. */
export function readIndexed(member: Node): {readonly owner: Node; readonly key: Node} | null {
  if (!('object' in member && 'property' in member && 'computed' in member)) return null;
  const {object: owner, property: key, computed} = member;
  const isIndexed = computed === true && isNode(owner) && isNode(key);
  return isIndexed && key.type !== 'SliceExpression' ? {owner, key} : null;
}

/** Of a name or a token. */
function textIn(part: unknown): string | null {
  const isText = typeof part === 'object' && part !== null && 'value' in part;
  return isText && typeof part.value === 'string' ? part.value : null;
}

export function pairNode(operator: string, left: Value, right: Value): Node {
  const sides = {left: new Given(left), right: new Given(right)};
  return nodeOf('BinaryExpression', {operator: {value: operator}, ...sides});
}

export function testNode(name: string, operand: Value): Node {
  const test = nameNode(name);
  return nodeOf('TestExpression', {operand: new Given(operand), negate: false, test});
}

export function filterNode(
  name: string,
  operand: Value,
  given: {readonly positional: readonly Value[]; readonly named: ReadonlyMap<string, Value>},
): Node {
  const args: Body = [
    ...given.positional.map((value) => new Given(value)),
    ...Array.from(given.named, ([key, value]) =>
      nodeOf('KeywordArgumentExpression', {key: nameNode(key), value: new Given(value)}),
    ),
  ];
  const callee = nameNode(name);
  const filter = args.length === 0 ? callee : nodeOf('CallExpression', {callee, args});
  return nodeOf('FilterExpression', {operand: new Given(operand), filter});
}

function nameNode(value: string): Node {
  return nodeOf('Identifier', {value});
}

function nodeOf(type: string, parts: Readonly<Record<string, unknown>>): Node {
  return {type, ...parts};
}
