import {expect, test} from 'vitest';
import {render} from './render-source.ts';

// What each writes was taken from Jinja 3.1.6.

test.each([
  [
    "{{ '%s' % 'a' }} {{ '%s-%s' % ('a', 1) }} {{ '%d%%' % 5 }} {{ '%(a)s %(b)d' % {'a': 'x', 'b': 2} }} {{ '%r' % 'a' }} {{ '%s' % none }} {{ '%s' % [1] }} {{ 'a' % () }} {{ '%s %s' | format('a', 2) }}",
    "a a-1 5% x 2 'a' None [1] a a 2",
  ],
  [
    "{{ '%05d|%-5d|%+d|% d|%i' % (3, 4, 5, 6, 7.9) }} {{ '%.2f|%5.1f|%.0f|%.0f' % (1.005, 2.25, 0.5, 1.5) }} {{ '%.3s|%5s|%-5s|' % ('abcdef', 'a', 'b') }}",
    '00003|4    |+5| 6|7 1.00|  2.2|0|2 abc|    a|b    |',
  ],
  ["{{ '{a} {0}'.format(1, a=3) }} {{ '{} {} {}'.format(1.0, true, none) }}", '3 1 1.0 True None'],
])('[MD21] what fills the places of a text: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    '{{ 1e16 }} {{ 123456789012345.0 }} {{ 1e-5 }} {{ 0.0001 }} {{ 0.1 + 0.2 }} {{ -0.0 }} {{ 4 / 2 }} {{ 1e300 * 1e10 }} {{ 2 ** -1 }}',
    '1e+16 123456789012345.0 1e-05 0.0001 0.30000000000000004 -0.0 2.0 inf 0.5',
  ],
])('[MD21] numbers are written as in Python: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ 1.0 | tojson }} {{ [1e20, 1.5, none, true] | tojson }} {{ (1, 2) | tojson }} {{ 'é👍\u2028</a>' | tojson }} {{ 'é👍\x7f' | tojson(true) }}",
    '1.0 [1e+20, 1.5, null, true] [1, 2] "é👍\u2028</a>" "\\u00e9\\ud83d\\udc4d\\u007f"',
  ],
  [
    "{{ {'b': 1, 'a': [2, {}]} | tojson(sort_keys=true, indent=2) }} {{ {'a': [1]} | tojson(indent=0) }} {{ [] | tojson(indent=4) }} {{ [1, [2]] | tojson(false, '-') }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }}",
    '{\n  "a": [\n    2,\n    {}\n  ],\n  "b": 1\n} {\n"a": [\n1\n]\n} [] [\n-1,\n-[\n--2\n-]\n] [1,{"a":2}]',
  ],
  ["{{ {1: 'a', 10: 'b', 9: 'c'} | tojson(sort_keys=true) }}", '{"1": "a", "9": "c", "10": "b"}'],
])('[MD21] JSON is that of Python: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ {1: 'a'} }} {{ {1: 'a'}[1] }} {{ {1: 'a'}.get(1) }} {{ {1: 'a'}.get('1', 'x') }} {{ 1 in {1: 'a'} }} {{ '1' in {1: 'a'} }}",
    "{1: 'a'} a a x True False",
  ],
  [
    "{% for k in {2: 'a', 10: 'b'} %}{{ k + 1 }},{% endfor %}{% for k, v in {2: 'a'}.items() %}{{ k + 1 }}{{ v }}{% endfor %} {{ {10: 'a', 9: 'b'} | dictsort }} {{ {1: 2} == {1: 2} }} {{ {1: 2} == {'1': 2} }}",
    "3,11,3a [(9, 'b'), (10, 'a')] True False",
  ],
])('[MD21] keys that are numbers stay numbers: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ {'items': [1], 'keys': 2}.items() | list }} {{ {'items': [1]}['items'] }} {{ {'get': 1}.get('get') }} {{ {'a': 1}['get']('a') }} {{ {'a': 1}.get('b') }}",
    "[('items', [1]), ('keys', 2)] [1] 1 1 None",
  ],
  ["{{ 'a'.length }}{{ [1].length }}{{ [1].foo }}{{ none.foo }}|{{ none in {} }}", '|False'],
])('[MD21] a key hides no method: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ dict() }} {{ dict(a=1, b='x') }} {{ dict({'a': 1}, b=2) }} {{ dict([('a', 1), ['b', 2]]) }} {{ dict(dict(a=1), a=2)['a'] }}",
    "{} {'a': 1, 'b': 'x'} {'a': 1, 'b': 2} {'a': 1, 'b': 2} 2",
  ],
])('[MD21] dict() makes a dictionary: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 42 | round }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 42 | round(0, 'floor') }} {{ 2.675 | round(2) }} {{ 3.7 | round | int }}",
    '2.0 4.0 2.57 42 42.5 42.6 42.0 2.67 4',
  ],
])('[MD21] the even one of two that are as near: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ '12abc' | int }} {{ ' 12 ' | int }} {{ '3.7' | int }} {{ 'x' | int(5) }} {{ -3.9 | int }} {{ true | int }} {{ none | int }} {{ '1.5x' | float }} {{ '1.5' | float }} {{ 1 | float }} {{ 'a' | float(2.5) }}",
    '0 12 3 5 -3 1 0 0.0 1.5 1.0 2.5',
  ],
])('[MD21] a text is a number when all of it is: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b  c '.rsplit(none, 1) }} {{ 'aaa'.rsplit('aa') }} {{ ' a b  c '.split(none, 1) }} {{ 'a,b,c'.split(',', maxsplit=1) }} {{ '  '.split() }} {{ 'a b  '.split(none, 2) }} {{ '  a '.split(none, 0) }}",
    "['a,b', 'c'] [' a b', 'c'] ['a', ''] ['a', 'b  c '] ['a', 'b,c'] [] ['a', 'b'] ['a ']",
  ],
  [
    "{{ 'abc'.count('') }} {{ '👍a'.count('') }} {{ 'abab'.count('a', 1) }} {{ '²'.isdigit() }} {{ '½'.isdigit() }} {{ '²'.isdecimal() }} {{ ''.isdigit() }}",
    '4 3 1 True False False False',
  ],
  [
    "{{ 'hello'.startswith('l', 2) }} {{ 'hello'.startswith('ell', 1, 3) }} {{ 'hello'.startswith(('x', 'h')) }} {{ 'hello'.endswith('l', 0, 4) }} {{ '👍a'.startswith('a', 1) }} {{ 'hello'.startswith('', 9) }}",
    'True False True True True False',
  ],
  [
    "{{ 'abcabc'.rfind('c') }} {{ 'abcabc'.find('a', 1) }} {{ '👍abc'.find('b', -2) }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.partition('-') }}",
    "5 3 2 ('a', '-', 'b-c') ('a-b', '-', 'c') ('abc', '', '')",
  ],
  [
    "{{ 'hELLO wORLD'.title() }} {{ \"it's\".title() }} {{ \"it's\" | title }} {{ 'abc'.replace('', '-', 2) }} {{ 'aaa'.replace('a', 'b', -1) }} {{ 1 | upper }} {{ 'a\nb\u2028c\n'.splitlines(true) }}",
    "Hello World It'S It's -a-bc bbb 1 ['a\\n', 'b\\u2028', 'c\\n']",
  ],
  [
    "{{ 'ab1'.islower() }} {{ '1'.islower() }} {{ 'AB'.isupper() }} {{ ' \t'.isspace() }} {{ 'ab'.isalpha() }} {{ '' is lower }} {{ 'AB' is upper }}",
    'True False True True True False True',
  ],
  ["{{ ','.join('abc') }} {{ ','.join({'a': 1, 'b': 2}) }}", 'a,b,c a,b'],
])('[MD21] methods count and cut as in Python: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test.each([
  [
    "{{ 'a\nb\n\nc\n' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb' | indent('>>') }}|{{ '' | indent(2, true) }}|",
    'a\n    b\n\n    c\n|  a\n  b|a\n  \n  b|a\n>>b|  |',
  ],
  [
    "{{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'A': 2} | dictsort(true) }} {{ {'b': 1, 'A': 2} | dictsort(by='value', reverse=true) }} {% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}",
    "[('A', 2), ('b', 1)] [('A', 2), ('b', 1)] [('A', 2), ('b', 1)] a2b1",
  ],
  [
    "{{ missing | default(default_value='y') }} {{ '' | default('z', boolean=true) }} {{ none | default('q') }}{{ missing | d }}",
    'y z None',
  ],
  [
    "{% filter upper %}a{{ 'b' }}{% set y = 1 %}{% endfilter %}{{ y }}|{% filter replace('a', 'b') %}aa{% endfilter %}",
    'AB|bb',
  ],
])('[MD21] filters mind their arguments: %s', (source, text) => {
  expect(render(source, {x: [1, 2]})).toBe(text);
});

test('[MD21] what a filter goes through is true, and may be gone through', () => {
  expect(
    render('{% if [] | select %}yes{% endif %}{% for x in [1, 2] | reverse %}{{ x }}{% endfor %}'),
  ).toBe('yes21');
  expect(render("{{ [1] | map('string') is sequence }}{{ missing is sequence }}")).toBe(
    'FalseTrue',
  );
});

test('[MD21] what a filter goes through is gone behind it', () => {
  const use = '{% for i in x %}{{ i }}{% endfor %};';
  expect(render(`{% set x = [1, 2] | select %}${use}${use}`)).toBe('12;;');
  expect(render(`{% set x = [1, 2] | select %}{{ x | first }}${use}{{ 1 in x }}`)).toBe('12;False');
  expect(render(`{% set x = {1: 2}.items() %}${use}${use}{{ x | length }}`)).toBe(
    '(1, 2);(1, 2);1',
  );
  expect(render("{{ (range(5)[1:3] | list, {'a': 1}.keys() | list) }}")).toBe("([1, 2], ['a'])");
});

test('[MD21] what is false has no parts to choose from', () => {
  expect(
    render("{{ (none | map('upper') | list, 0 | select | list, false | rejectattr('a') | list) }}"),
  ).toBe('([], [], [])');
});

test('[MD21] a list is in small letters as it is written', () => {
  expect(render("{{ [['a'] is lower, [1] is lower, ['A'] is upper, none is upper] }}")).toBe(
    '[True, False, True, False]',
  );
});

test.each([
  ['{{ range(2) }}', 'a range: put "| list"'],
  ['{{ range(4)[1:] | tojson }}', 'a range: put "| list"'],
  ["{{ {'a': 1}.items() }}", 'items of a dictionary: put "| list"'],
  ["{{ {'a': 1}.keys()[0] }}", 'items of a dictionary: put "| list"'],
  ['{{ [1] | map("string") | last }}', 'it takes the last of'],
  ['{{ [1] | indent }}', 'indent takes a text'],
  ['{{ missing | int }}', 'for a number what is not there'],
  ['{{ missing | float(1.0) }}', 'for a number what is not there'],
  ['{% for a, b in true %}{% endfor %}', 'it goes over BooleanValue'],
  ['{{ [1] | select }}', '"| list"'],
  ['{{ [1] | select | length }}', '"| list"'],
  ['{{ [1] | unique | tojson }}', '"| list"'],
  ['{{ ([1] | reverse)[0] }}', '"| list"'],
  ["{{ ([1] | map('string')) + [] }}", '"| list"'],
  ["{{ '%x' % 255 }}", '"%x"'],
  ["{{ '%s' % ('a', 'b') }}", 'more values'],
  ["{{ '%s %s' % 'a' }}", 'a value for each'],
  ['{{ 2 ** 64 }}', 'beyond 2^53'],
  ["{{ {1: 'a', 'b': 2} }}", 'keys'],
  ['{{ missing | tojson }}', 'UndefinedValue'],
  ['{{ range }}', 'function'],
  ["{{ 'a'.startswith(['a']) }}", 'a text'],
  ["{{ 'a'.split(on=',') }}", '"on"'],
  ['{{ dict(1) }}', 'dict()'],
  ['{{ 1.5 | round(-1) }}', 'round()'],
  ['{{ range(1.5) }}', 'whole numbers'],
  ["{{ strftime_now('%_d') }}", '%_d'],
  ['{% for x in [1] %}{{ loop.cycle() }}{% endfor %}', 'loop.cycle()'],
])('[MD21] what is not known, or no value fits, is refused by name: %s', (source, words) => {
  expect(() => render(source)).toThrow(words);
});
