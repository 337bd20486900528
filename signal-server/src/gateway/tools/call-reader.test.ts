import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {callGrammarOf} from './call-forms.ts';
import {CallReader} from './call-reader.ts';

const EMPTY = {type: 'object', additionalProperties: false} as const;
const asked = {
  tools: [],
  callable: ['get', 'get_all'].map((name) => ({name, parameters: EMPTY})),
  isRequired: false,
  isParallel: true,
};
const TAGGED = {
  begin: '<tool_call>\n',
  argumentsKey: 'arguments',
  end: '\n</tool_call>',
  separator: '\n',
};
const BARE = {begin: '', argumentsKey: 'parameters', end: '', separator: null};
const grammar = callGrammarOf(asked, TAGGED);

type Part =
  | {readonly kind: 'text' | 'arguments'; readonly text: string}
  | {readonly kind: 'call'; readonly name: string};

/** The parts of an answer in these pieces; what follows one another of a kind is one. Texts are where they say. */
function partsOf(pieces: readonly string[], forms = grammar.calls): readonly Part[] {
  const reader = new CallReader(forms);
  const parts: Part[] = [];
  for (const part of [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]) {
    const last = parts.at(-1);
    if (part.kind !== 'call' && last?.kind === part.kind) {
      parts[parts.length - 1] = {kind: part.kind, text: last.text + part.text};
    } else parts.push(part.kind === 'text' ? {kind: 'text', text: part.text} : part);
    if (part.kind === 'text') {
      expect(pieces.join('').startsWith(part.text, part.start)).toBe(true);
    }
  }
  return parts;
}

const call = (name: string, json: string) =>
  `<tool_call>\n{"name": "${name}", "arguments": ${json}}\n</tool_call>`;
const JSON_TEXT = '{"a": "}{ \\"</tool_call>", "b": [{}, "\\\\"]}';

test('[TL2] a text is free until a call begins, and goes on after it', () => {
  expect(grammar).toMatchObject({trigger: '<tool_call>', separator: '\n'});
  const answer = `Let me see.\n${call('get_all', JSON_TEXT)}\n${call('get', '{}')}\nThat is all.`;
  const parts = [
    {kind: 'text', text: 'Let me see.'},
    {kind: 'call', name: 'get_all'},
    {kind: 'arguments', text: JSON_TEXT},
    {kind: 'call', name: 'get'},
    {kind: 'arguments', text: '{}'},
    {kind: 'text', text: '\nThat is all.'},
  ];
  expect(partsOf([answer])).toEqual(parts);
  expect(partsOf(Array.from(answer))).toEqual(parts);
});

test('[TL3] however an answer is cut into pieces, its parts are the same', () => {
  const answer = ` One <tool_call> is none. ${call('get', JSON_TEXT)}\n\n${call('get_all', '{}')}`;
  const whole = partsOf([answer]);
  expect(whole.map(({kind}) => kind)).toEqual(['text', 'call', 'arguments', 'call', 'arguments']);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(answer.length)), (cuts) => {
      const ends = [...cuts.toSorted((a, b) => a - b), answer.length];
      const pieces = ends.map((end, at) => answer.slice(ends[at - 1] ?? 0, end));
      expect(partsOf(pieces)).toEqual(whole);
    }),
  );
});

test('[TL3] what began as a call and is none is text, and a call that is cut off has the arguments that came', () => {
  expect(partsOf(['<tool_call>\n{"name": "other"'])).toEqual([
    {kind: 'text', text: '<tool_call>\n{"name": "other"'},
  ]);
  expect(partsOf([call('get', '{"a": 1}').slice(0, 44)])).toEqual([
    {kind: 'call', name: 'get'},
    {kind: 'arguments', text: '{"a'},
  ]);
});

test('[TL3] white space at the end of a text is its own, and behind a call it is left out', () => {
  for (const text of ['Well.\n\n', '\n', ' <tool_call>\n']) {
    expect(partsOf(Array.from(text))).toEqual([{kind: 'text', text}]);
    expect(partsOf([text], [])).toEqual([{kind: 'text', text}]);
  }
  const called = [
    {kind: 'call', name: 'get'},
    {kind: 'arguments', text: '{}'},
  ];
  expect(partsOf(Array.from(`\n${call('get', '{}')}\n\n`))).toEqual(called);
});

test('[TL2] a model that writes calls bare begins one by its first words', () => {
  const bare = callGrammarOf({...asked, isRequired: true}, BARE);
  expect(bare).toMatchObject({trigger: null, separator: null});
  expect(callGrammarOf(asked, BARE).trigger).toBe('{"name": ');
  expect(partsOf(['{"name": "get", "parameters": {}}'], bare.calls)).toEqual([
    {kind: 'call', name: 'get'},
    {kind: 'arguments', text: '{}'},
  ]);
});
