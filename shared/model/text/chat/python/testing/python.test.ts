import {expect, test} from 'vitest';
import {formatTime} from '../format-time.ts';
import {render as renderSource} from './render-source.ts';

/** In the time zone of the machine that runs this, as a template tells the time of its reader. */
const timeMs = (hours: number) => new Date(2026, 6, 7, hours, 5, 9).getTime();

const render = (source: string, variables?: object) => renderSource(source, variables, timeMs(12));

test.each([
  ['%d %b %Y', '07 Jul 2026'],
  ['%B %-d, %Y', 'July 7, 2026'],
  ['%A, %a %e %m/%y', 'Tuesday, Tue  7 07/26'],
  ['%H:%M:%S %I %p', '12:05:09 12 PM'],
  ['100%% %Q %%F', '100% %Q %F'],
  ['%U %W %V %G %g %u %w', '27 27 28 2026 26 2 2'],
  ['%C|%k|%l|%P|%h|%r|%-j', '20|12|12|pm|Jul|12:05:09 PM|188'],
  ['%c|%D|%F %T|%R|%j|%Z%z', 'Tue Jul  7 12:05:09 2026|07/07/26|2026-07-07 12:05:09|12:05|188|'],
])('[MD21] a template tells the time as Python does: %s', (format, text) => {
  expect(formatTime(format, timeMs(12))).toBe(text);
  expect(render(`{{ strftime_now('${format}') }}`)).toBe(text);
});

test('[MD21] midnight is twelve in the morning', () => {
  expect(formatTime('%I %p %-H', timeMs(0))).toBe('12 AM 0');
});

test.each([
  ["{{ '\\n  x \\n'.strip('\\n') }}", '  x '],
  ["{{ 'xxaxbxx'.lstrip('x') }}", 'axbxx'],
  ["{{ 'xyaxbyx'.rstrip('xy') }}", 'xyaxb'],
  ["{{ '\u00A0 \uFEFFa\u0085'.strip() }}", '\uFEFFa'],
  ["{{ '  '.strip() }}", ''],
  ["{{ '🎉a🎉🎉'.strip('🎉') }}", 'a'],
  ["{{ 'a,b,c'.split(',')[-1] }}", 'c'],
  ["{{ '{} {1}{{}}'.format('a', 2) }}", 'a 2{}'],
  ["{% set text = ' a ' %}{{ text.strip().strip('a') }}", ''],
])('[MD21] methods of texts mind their arguments: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test('[MD21] booleans are printed, and are JSON, as Python has them', () => {
  expect(render('{{ true }} {{ 1 == 2 }} {{ none is none }}')).toBe('True False True');
  expect(render('{{ [true] | tojson }}')).toBe('[true]');
});

test('[MD21] keys that are numbers are sorted as numbers', () => {
  const source =
    '{% for k, v in {16: "b", 2: "a"} | dictsort %}{% if 2 <= k %}{{ v }}{% endif %}{% endfor %}';
  expect(render(source)).toBe('ab');
  expect(render('{{ {"a": 1}["a"] }}')).toBe('1');
});

test.each([
  '{{ missing.part }}',
  "{{ 'a'.strip(1) }}",
  "{{ '{}'.format() }}",
  "{{ '{:.2f}'.format(1.5) }}",
  "{{ 'a' + 1 }}",
  '{{ [][0].content }}',
])('[MD21] what Python refuses is refused: %s', (source) => {
  expect(() => render(source)).toThrow(TypeError);
});

test('[MD21] what nobody set is undefined, and may be asked for', () => {
  expect(
    render('{% if enable_thinking is defined and not enable_thinking %}no{% else %}yes{% endif %}'),
  ).toBe('yes');
});

test.each([
  [
    '{% for x in [1, 2, 3] %}<{{ x }}{% if x == 2 %}{% continue %}{% endif %}>{% endfor %}',
    '<1><2<3>',
  ],
  [
    '{% for x in [1, 2, 3] %}<{{ x }}{% if x == 2 %}!{% break %}{% endif %}>{% endfor %}.',
    '<1><2!.',
  ],
  [
    '{% for x in [1, 2] %}{% for y in [3, 4] %}{{ x }}{{ y }}{% break %}{% endfor %},{% endfor %}',
    '13,23,',
  ],
  ['{% for x in [] %}a{% continue %}{% else %}nothing{% endfor %}', 'nothing'],
  [
    '{% for x in [1] %}{% if x %}{% if x == 1 %}a{% continue %}{% endif %}{% endif %}b{% else %}c{% endfor %}',
    'a',
  ],
  ['{% for x in [1, 2] if x > 1 %}{{ loop.index }}{% break %}{% endfor %}', '1'],
])('[MD21] what a turn has written stays, however the turn ends: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test.each([
  [
    '{% set first = true %}{% for x in [1, 2, 3] %}{% if not first %},{% endif %}{{ x }}{% set first = false %}{% endfor %}{{ first }}',
    '123True',
  ],
  [
    '{% for x in [1, 2] %}{% if x == 1 %}{% set y = 1 %}{% endif %}{{ y is defined }}{% endfor %}',
    'TrueFalse',
  ],
  [
    '{% for x in [1, 2] %}{% set y %}{{ y is defined }}{{ x }}{% endset %}{{ y }}{% for z in [3] %}{% set y = z %}{% endfor %}{{ y }},{% endfor %}',
    'False1False1,False2False2,',
  ],
  [
    '{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}',
    '3',
  ],
])('[MD21] what a turn of a loop sets is gone in the next: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test.each([
  ["{{ ['a', none, true, 1.0, {'b': \"it's\"}] }}", `['a', None, True, 1.0, {'b': "it's"}]`],
  ["{{ (1, 'a') }}{{ namespace(a=1) }}", "(1, 'a')<Namespace {'a': 1}>"],
  ["{{ {'a': {'b': []}} | string }}", "{'a': {'b': []}}"],
  ["{{ ['a'] ~ 'b' }}", "['a']b"],
  ['{{ none | string }}{{ true | string }}{{ 1 | string }}', 'NoneTrue1'],
  ['{{ missing | trim }}{{ missing | string }}', ''],
  ["{{ ' \u00A0 a\uFEFF ' | trim }}", 'a\uFEFF'],
])('[MD21] a value is written as Python writes it: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test('[MD21] texts in a list are quoted as Python quotes them', () => {
  const texts = ['"\'', '\n\t\\', '\u0000é\u2028👍'];
  const written = String.raw`['"\'', '\n\t\\', '\x00é\u2028👍']`;
  expect(render('{{ texts }}', {texts})).toBe(written);
});

test.each([
  ['{{ -7 % 3 }} {{ 7 % -3 }} {{ 6 % 3 }} {{ -7.5 % 2 }} {{ -7 // 2 }}', '2 -2 0 0.5 -4'],
  [
    "{{ [] == [] }} {{ [1, ['a']] == [1, ['a']] }} {{ [1] == [2] }} {{ [1] != [1, 2] }}",
    'True True False True',
  ],
  ["{{ {'a': [1]} == {'a': [1]} }} {{ {'a': 1} == {'b': 1} }}", 'True False'],
  [
    "{{ '1' == 1 }} {{ true == 1 }} {{ 1 == 1.0 }} {{ missing == none }} {{ none == none }}",
    'False True True False True',
  ],
  [
    "{{ 'ab' * 2 }}{{ 0 * 'a' }} {{ 'a' < 'b' }} {{ '👍' > '\uFFFF' }} {{ 'b' >= 'ba' }}",
    'abab True True False',
  ],
  ["{{ [1] in [[1], 2] }} {{ none in [none] }} {{ '1' not in [1] }}", 'True True True'],
])('[MD21] operators are those of Python: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test('[MD21] a division by zero is an error', () => {
  for (const operator of ['/', '//', '%']) {
    expect(() => render(`{{ 1 ${operator} 0 }}`)).toThrow('it divides by zero');
  }
});

test.each([
  ["{{ '👍a' | length }} {{ '👍a'[1] }} {{ '👍a'[-2] }} {{ '👍'[3] }}|", '2 a 👍 |'],
  ["{% for x in '👍a' %}<{{ x }}>{% endfor %}", '<👍><a>'],
  ["{{ '👍a' | list }} {{ '👍a' | reverse }} {{ '👍a' | first }}", "['👍', 'a'] a👍 👍"],
])('[MD21] texts are counted in characters: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test.each([
  ["{{ none }}{% if none %}{% else %}{{ {'a': none}.a }}{% endif %}", 'NoneNone'],
  [
    '{% macro m() %}{{ none }}{% endmacro %}{{ m() }}{% set x %}{{ none }}{% endset %}{{ x }}',
    'NoneNone',
  ],
  ['{% for x in [none] %}{{ x }}{% set y = none %}{% endfor %}{% set z = none %}', 'None'],
  ["{{ 'a' if false }}{{ missing }}|", '|'],
])('[MD21] none is written, and what is not there is nothing: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test.each([
  ["{{ ['a', 'b'] | map('upper') | list }}", "['A', 'B']"],
  ["{{ ['a', none] | map('default', 'x', true) | join('-') }}", 'a-x'],
  ["{{ [{'a': {'b': 1}}, {}] | map(attribute='a.b', default=0) | list }}", '[1, 0]'],
  ["{{ [0, 1, 2] | select | list }} {{ [0, 1, 2] | reject('odd') | list }}", '[1, 2] [0, 2]'],
  ["{{ [1, 2, 3] | select('gt', 1) | sum }} {{ [3, 1] | min }} {{ ['b', 'C'] | max }}", '5 1 C'],
  ["{{ [{'a': 1}, {'a': 2}, {}] | selectattr('a', 'in', [2, 3]) | list | length }}", '1'],
  ["{{ [{'a': 1}, {}] | rejectattr('a', 'defined') | list | length }}", '1'],
  [
    "{{ [{'n': 2}, {'n': 3}] | sum(attribute='n') }} {{ [1, true, none] | join(',') }}",
    '5 1,True,None',
  ],
  [
    "{{ missing | length }}{{ missing | list }}{% for x in missing %}x{% endfor %}{{ missing | d('d') }}",
    '0[]d',
  ],
  [
    "{{ 'xxaxx' | trim('x') }} {{ 'hELLO wORLD' | capitalize }} {{ 'ab'.capitalize() }}",
    'a Hello world Ab',
  ],
  [
    "{{ ', '.join(['a', 'b']) }} {{ 'a-b-c'.count('-') }} {{ 'abc'.removeprefix('a').removesuffix('c') }}",
    'a, b 2 b',
  ],
  ["{{ 'a\nb\n'.splitlines() }} {{ '12'.isdigit() }}", "['a', 'b'] True"],
  [
    "{{ [1, 2] | count }} {{ {'a': 1} | count }} {{ 'ab' | count }} {{ [1] | length }} {{ {'a': 1} | length }}",
    '2 1 2 1 1',
  ],
  ["{{ ['B', 'a'] | min }} {{ ['B', 'a'] | max }} {{ ['B', 'a'] | sort }}", "a B ['a', 'B']"],
  [
    "{{ ['a', 'B'] | min(case_sensitive=true) }} {{ ['a', 'B'] | max(true) }} {{ ['a', 'B'] | sort(case_sensitive=true) }}",
    "B a ['B', 'a']",
  ],
  [
    "{{ [3, 1, 2] | sort(reverse=true) }} {{ [{'n': 2, 'x': 1}, {'n': 1}, {'n': 2, 'x': 2}] | sort(attribute='n') | map(attribute='x', default=0) | list }}",
    '[3, 2, 1] [0, 1, 2]',
  ],
  ["{{ {'b': 1, 'a': 2} | sort }} {{ 'cab' | sort }}", "['a', 'b'] ['a', 'b', 'c']"],
  ["{{ ['a', 'B'] | select('lt', 'a') | list }}", "['B']"],
])('[MD21] filters and methods do as in Python: %s', (source, text) => {
  expect(render(source)).toBe(text);
});

test.each([
  [
    '{{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ 6 is not divisibleby 4 }}',
    'True False True',
  ],
  ['{{ true is sameas true }} {{ 1 is sameas true }} {{ not 1 is sameas 2 }}', 'True False True'],
  [
    "{{ 'a' is in ['a'] }} {{ x.y[0] is eq x.y[1] }} {{ 2 is ge 2 and 1 is lt 2 }}",
    'True False True',
  ],
  ['{% for i in [1, 2, 3] if i is divisibleby 2 %}{{ i }}{% endfor %}', '2'],
  [
    "{{ 'B' is lt 'a' }} {{ 'B' is gt 'a' }} {{ 'B' is le 'a' }} {{ 'B' is ge 'a' }}",
    'True False True False',
  ],
  ["is divisibleby 3 {{ 'is in' }}", 'is divisibleby 3 is in'],
])('[MD21] tests may take a value: %s', (source, text) => {
  expect(render(source, {x: {y: [1, 2]}})).toBe(text);
});
