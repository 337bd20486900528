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
  /** Whether each turn takes a part in parts: `for key, value in …`. */
  readonly isUnpacked: boolean;

  constructor(node: Node, isUnpacked: boolean) {
    this.node = node;
    this.isUnpacked = isUnpacked;
  }
}

/** A body that is evaluated once for each turn of its loop. */
export class Turn {
  readonly type = 'Turn';
  readonly body: Body;
  isLast = false;
  /** What `loop.changed()` was asked for in the turn before; `null`: nothing. */
  asked: readonly Value[] | null = null;

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

/** The library's lists have nothing but nodes; to look at each, each time, would take long. */
export function isBody(part: unknown): part is Body {
  return Array.isArray(part);
}

/** The same with other parts. */
export function withParts(node: Node, parts: Readonly<Record<string, unknown>>): Node {
  return Object.assign(Object.create(node), parts);
}

/** Jinja's loops go over texts, too, and over what is not there. */
export function overAnything(loop: Node): Node {
  if (!('iterable' in loop) || !isNode(loop.iterable)) return loop;
  const {iterable} = loop;
  const target = 'loopvar' in loop && isNode(loop.loopvar) ? loop.loopvar.type : '';
  const isUnpacked = target === 'TupleLiteral';
  // `for x in xs if …`
  if (iterable.type === 'SelectExpression' && 'lhs' in iterable && isNode(iterable.lhs)) {
    const chosen = withParts(iterable, {lhs: new Iterated(iterable.lhs, isUnpacked)});
    return withParts(loop, {iterable: chosen});
  }
  return withParts(loop, {iterable: new Iterated(iterable, isUnpacked)});
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
  const hasName = node.type === 'KeywordArgumentExpression' && 'key' in node && 'value' in node;
  if (!hasName || !isNode(node.value)) return {name: null, value: node};
  return {name: textIn(node.key), value: node.value};
}

type TestParts = {readonly name: string; readonly operand: Node; readonly isNegated: boolean};

export function readTest(tested: Node): TestParts | null {
  if (!('operand' in tested && 'test' in tested && 'negate' in tested)) return null;
  const name = textIn(tested.test);
  const {operand, negate} = tested;
  return name === null || !isNode(operand) ? null : {name, operand, isNegated: negate === true};
}

type PairParts = {
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
  /** The brackets around it. */
  readonly group: unknown;
};

export function readPair(pair: Node): PairParts | null {
  if (!('operator' in pair && 'left' in pair && 'right' in pair)) return null;
  const {left, right} = pair;
  const operator = textIn(pair.operator);
  if (operator === null || !isNode(left) || !isNode(right)) return null;
  return {operator, left, right, group: groupOf(pair.operator)};
}

function groupOf(token: unknown): unknown {
  return typeof token === 'object' && token !== null && 'group' in token ? token.group : undefined;
}

const COMPARISONS: ReadonlySet<string> = new Set([
  '==',
  '!=',
  '<',
  '>',
  '<=',
  '>=',
  'in',
  'not in',
]);

/** `a < b < c` in its order: the library has `(a < b) < c`. `null` for other operators. */
export function readComparisons(
  pair: PairParts,
): {readonly first: Node; readonly comparisons: readonly Compared[]} | null {
  if (!COMPARISONS.has(pair.operator)) return null;
  const comparisons: Compared[] = [];
  let {left} = pair;
  for (let at: PairParts | null = pair; at !== null && isOfSame(at, pair);) {
    comparisons.push({operator: at.operator, right: at.right});
    ({left} = at);
    at = left.type === 'BinaryExpression' ? readPair(left) : null;
  }
  return {first: left, comparisons: comparisons.toReversed()};
}

type Compared = {readonly operator: string; readonly right: Node};

function isOfSame(inner: PairParts, outer: PairParts): boolean {
  return COMPARISONS.has(inner.operator) && inner.group === outer.group;
}

type MemberParts = {
  readonly owner: Node;
  /** A node where it is computed, as in `owner[key]`; the name of `owner.key`. */
  readonly key: Node | string;
  readonly isSlice: boolean;
};

export function readMember(member: Node): MemberParts | null {
  if (!('object' in member && 'property' in member && 'computed' in member)) return null;
  const {object: owner, property, computed} = member;
  if (!isNode(owner) || !isNode(property)) return null;
  if (computed !== true && property.type === 'Identifier') {
    return {owner, key: textIn(property) ?? '', isSlice: false};
  }
  return {owner, key: property, isSlice: property.type === 'SliceExpression'};
}

type CallParts = {readonly callee: Node; readonly args: Body};

export function readCall(call: Node): CallParts | null {
  if (!('callee' in call && 'args' in call)) return null;
  const {callee, args} = call;
  return isNode(callee) && isBody(args) ? {callee, args} : null;
}

/** Of a variable or a member, to speak of it. */
export function nameOf(node: Node): string {
  const named = 'property' in node && isNode(node.property) ? node.property : node;
  return textIn(named) ?? node.type;
}

/** Whether it is that name, and no text or part of something. */
export function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && textIn(node) === name;
}

/** Of a name or a token. */
function textIn(part: unknown): string | null {
  const isText = typeof part === 'object' && part !== null && 'value' in part;
  return isText && typeof part.value === 'string' ? part.value : null;
}

export function tupleNode(value: Body): Node {
  return nodeOf('TupleLiteral', {value});
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
  return filteredNode(filter, operand);
}

/** @param filter a name or a call. */
export function filteredNode(filter: Node, operand: Value): Node {
  return nodeOf('FilterExpression', {operand: new Given(operand), filter});
}

function nameNode(value: string): Node {
  return nodeOf('Identifier', {value});
}

function nodeOf(type: string, parts: Readonly<Record<string, unknown>>): Node {
  return {type, ...parts};
}

/** Of a node with all in it. */
export function nodeCount(part: unknown): number {
  if (typeof part !== 'object' || part === null) return 0;
  // Behind a token's `group` are the brackets around it: they are none of its parts.
  const {group: _, ...own}: {readonly group?: unknown} = part;
  const parts: readonly unknown[] = part instanceof Map ? [...part].flat() : Object.values(own);
  return parts.reduce((count: number, each) => count + nodeCount(each), 1);
}
