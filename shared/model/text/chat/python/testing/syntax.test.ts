import {expect, test} from 'vitest';
import {nodeCount} from '../nodes.ts';
import {parseTemplate} from '../syntax/parse-template.ts';
import {render} from './render-source.ts';

// What each writes was taken from Jinja 3.1.6.

test.each([
  [
    "{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 2 == 2 == 2 }} {{ (2 == 2) == 2 }} {{ 'a' in 'ab' in ['ab'] }} {{ 1 not in [2] == true }}",
    'True False True False True False',
  ],
  ['{{ (1 < 2) < 3 }} {{ 1 < (2 < 3) }} {{ [1 < 2, 2 < 3 < 1] }}', 'True False [True, False]'],
])('[MD21] comparisons in a row hold together: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    '{{ 1e3 }} {{ 1.5e-7 }} {{ 1E5 | int }} {{ 1_000 }} {{ 0x1f }} {{ 0b101 }} {{ 1-1 }} {{ 1 - -1 }} {{ -1 | abs }} {{ -2 ** 2 }}',
    '1000.0 1.5e-07 100000 1000 31 5 0 2 1 4',
  ],
  ['{{ x.0 }} {{ x.1 }} {{ true + 1 }} {{ true < 2 }}', '1 2 2 True'],
])('[MD21] numbers are read as in Python: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ (1,) }} {{ () }} {{ (1, 2,) }} {{ (1,)[0] }} {{ () | length }} {{ ('a', 'b', 'c')[1:] }}",
    "(1,) () (1, 2) 1 0 ('b', 'c')",
  ],
  [
    '{% set t = (1,) %}{% for a in (3,) %}{{ a }}{{ t }}{% endfor %}{% if 1 in (1,) %}!{% endif %}',
    '3(1,)!',
  ],
  ['{% for a, b in ((1, 2), [3, 4]) %}{{ a }}{{ b }}{% endfor %}', '1234'],
])('[MD21] a tuple may have one part, or none: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    '{{ [0] * 3 }} {{ 2 * [1, 2] }} {{ (1, 2) * 2 }} {{ [1] * -1 }} {{ (1,) + (2,) }}',
    '[0, 0, 0] [1, 2, 1, 2] (1, 2, 1, 2) [] (1, 2)',
  ],
])('[MD21] lists and tuples may be repeated and added: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  ['{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}', '12False'],
  ['{% with %}{% set y = 3 %}{{ y }}{% endwith %}{{ y is defined }}', '3False'],
  [
    "{% set a = {'b': 5} %}{%- with a = {'c': 1}, b = a.b -%} {{ b }}{{ a.c }} {%- endwith %}",
    '51',
  ],
  [
    '{% for i in [1, 2, 3] %}{% with y = i %}{% if y == 2 %}{% continue %}{% endif %}{{ y }}{% endwith %}{% endfor %}',
    '13',
  ],
  [
    "{% with a = 'x' %}{% filter upper %}{{ a }}{% endfilter %}{% with b = a %}{{ b }}{% endwith %}{% endwith %}",
    'Xx',
  ],
])('[MD21] with names values for a while: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  ['{% raw %}{{ x }}{% if %}{# #}{% endraw %}|', '{{ x }}{% if %}{# #}|'],
  ['  {%- raw -%}  {{ a }} \n {%- endraw -%}  b', '{{ a }}b'],
  ['a {% raw %}\n x\n  {% endraw %}\ny', 'a \n x\ny'],
])('[MD21] what is raw is written as it is: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  ['a\n  {%+ if true %}b\n{% endif %}', 'a\n  b\n'],
  ['a\n  {% if true +%}\nb\n{% endif %}c\n', 'a\n\nb\nc'],
  ['  {# c #}  \nx', '  \nx'],
  ['\n\n  {%- set y = 1 -%}\n\n z', 'z'],
  ['  {{ 1 }}\n  {% set y = 1 %}  \n y', '  1\n  \n y'],
  ['a\r\nb\rc\n\n', 'a\nb\nc\n'],
  ['\uFEFF {{- 1 -}} \uFEFF', '\uFEFF1\uFEFF'],
  ['x\n  {% generation %}\n a\n {%- endgeneration %}\n b', 'x\n a b'],
  ["{{ '{%' }}{{ '}}' }}{{{'a': {}}.a}}", '{%}}{}'],
])('[MD21] blanks around tags stay or go: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ 'a\\nb\\t\\x41\\u00e9\\U0001F44D\\101\\d\\\\\\'' }}{{ 'a' \"b'\" }}",
    "a\nb\tAé👍A\\d\\'ab'",
  ],
])('[MD21] texts may have any character written: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{% for x in [1,2,3,4] %}{{ loop.cycle('a', 'b', 'c') }}{% endfor %} {% for x in [1,1,2,2] %}{{ loop.changed(x) }}{% endfor %} {% for x in [1] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}",
    'abca TrueFalseTrueFalse 10',
  ],
  [
    "{% for x in [1,2] %}{% for y in [3] %}{{ loop.cycle('p','q') }}{% endfor %}{{ loop.cycle(1, 2) }}{% endfor %}",
    'p1p2',
  ],
])('[MD21] a loop knows its turns: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    '{% macro m() %}{{ x }}{% endmacro %}{% for x in [5, 6] %}{{ m() }}{% endfor %}|',
    '[1, 2][1, 2]|',
  ],
  ['{% macro m() %}{{ y }}{% endmacro %}{% set y = 1 %}{{ m() }}', '1'],
  ['{% for y in [1, 2] %}{% macro m() %}{{ y }}{% endmacro %}{{ m() }}{% endfor %}', '12'],
  ['{% macro m(a) %}{% if a %}{{ m(a - 1) }}{% endif %}{{ a }}{% endmacro %}{{ m(3) }}', '0123'],
  [
    '{% macro w() %}{{ caller(5) }}{% endmacro %}{% for i in [1, 2] %}{% call(n) w() %}{{ n }}{{ i }}{% endcall %}{% endfor %}',
    '5152',
  ],
])('[MD21] a macro sees what is around it and not who calls it: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  ['{{ foo() }}', '"foo"'],
  ["{{ 'a'.swapcase() }}", '"swapcase"'],
  ['{% block a %}{% endblock %}', 'block'],
  ['{{ 99999999999999999999 }}', '99999999999999999999 is too large'],
  ["{{ '\\N{DASH}' }}", 'no character'],
  ["{{ 'a }}", 'unexpected'],
  ['{# x', 'a comment has no end'],
  ['{% raw %}x', 'no {% endraw %}'],
  ['{{ (1] }}', 'unexpected "]"'],
  ['{% if true %}', 'ends within a block'],
  ['{{ 1', 'a tag has no end'],
  ['{{ ; }}', 'unexpected ";"'],
])('[MD21] what is not known, or no value fits, is refused by name: %s', (source, words) => {
  expect(() => render(source)).toThrow(words);
});

test('[MD21] a word is a tag of transformers only where it is one', () => {
  expect(render("{% generation %}{{ 'generation' }}{% endgeneration %}")).toBe('generation');
  expect(render('{% set generation = 1 %}{{ generation }}')).toBe('1');
});

test.each([
  ['{% break %}', 'is in no loop'],
  ['{% macro m() %}{% break %}{% endmacro %}{% for i in [1] %}{{ m() }}{% endfor %}', 'in no loop'],
  ['{% toString %}', 'toString'],
  ["{{ 6 | is('divisibleby', 3) }}", 'is'],
  ['{{ range(2) * 2 }}', 'it repeats'],
])('[MD21] what is not of the language is refused: %s', (source, words) => {
  expect(() => render(source)).toThrow(words);
});

test('[MD17] a macro is as large as its parts, however many brackets are around them', () => {
  const [deep, wide] = [60, 2_000];
  const sums = Array.from({length: wide}, () => '1+1').join(',');
  const source = `{% macro m() %}{{ ${'['.repeat(deep)}${sums}${']'.repeat(deep)} | length }}{% endmacro %}{{ m() }}`;
  expect(render(source)).toBe('1');
  const macro = parseTemplate(source).body[0];
  expect(nodeCount(macro)).toBeLessThan(20 * wide);
});
