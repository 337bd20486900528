import {expect, test} from 'vitest';
import {parseTemplate} from './python/syntax/parse-template.ts';
import {TemplateRefusal} from './python/functions.ts';
import {renderTemplate, TemplateTooLargeError} from './render-template.ts';

/** Of the machine that runs this: a template tells the time of its reader. */
const NOON_MS = new Date(2026, 6, 7, 12, 5, 9).getTime();
const CHAT = Array.from({length: 50}, (_, i) => ({role: 'user', content: `Question ${i}`}));

const render = (source: string) =>
  renderTemplate(
    parseTemplate(source),
    {messages: CHAT},
    {messageCount: CHAT.length, nowMs: NOON_MS},
  );

test.each([
  ['a long range', '{% for i in range(1000000000) %}{% endfor %}'],
  ['a range that is not used', '{{ range(1000000000) | length }}'],
  ['a range backwards', '{{ range(0, -1000000000, -1) | length }}'],
  [
    'empty loops in each other',
    '{% for a in range(900) %}{% for b in range(900) %}{% endfor %}{% endfor %}',
  ],
  [
    'empty loops over messages',
    '{% for a in messages %}{% for b in messages %}{% for c in messages %}{% for d in messages %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}',
  ],
  [
    'loops with a condition',
    '{% for a in range(900) if a %}{% for b in range(900) if b %}{% endfor %}{% endfor %}',
  ],
  [
    'a macro in a loop',
    '{% macro m() %}{% for a in range(900) %}x{% endfor %}{% endmacro %}{% for b in range(900) %}{{ m() }}{% endfor %}',
  ],
  [
    'a long text that is looked at often',
    "{% set ns = namespace(text='x') %}{% for i in range(22) %}{% set ns.text = ns.text ~ ns.text %}{% endfor %}{% for i in range(90000) %}{% if ns.text | upper == 'X' %}{% endif %}{% endfor %}",
  ],
  ['a text a million times', "{{ 'abc' * 100000000 }}"],
  [
    'long lists that are compared often',
    '{% set a = range(9000) %}{% set b = range(9000) %}{% for x in range(900) %}{% if a == b %}{% endif %}{% endfor %}',
  ],
  [
    'a long list that is searched often',
    '{% set a = range(9000) %}{% for x in range(900) %}{% if -1 in a %}{% endif %}{% endfor %}',
  ],
  [
    'a text that doubles',
    "{% set ns = namespace(text='x') %}{% for i in range(60) %}{% set ns.text = ns.text ~ ns.text %}{% endfor %}",
  ],
  [
    'a list that doubles',
    '{% set ns = namespace(l=[1]) %}{% for i in range(40) %}{% set ns.l = ns.l + ns.l %}{% endfor %}',
  ],
  [
    'a long list that is copied often',
    '{% set l = range(9000) %}{% for i in range(90000) %}{% if l[1:] %}{% endif %}{% endfor %}',
  ],
  ['a list many times', '{{ [0] * 100000000 }}'],
  ['wide blanks before lines', "{{ ('a\\n' * 10000) | indent(100000) }}"],
  ['a long text before lines', "{{ ('a\\n' * 10000) | indent('x' * 1000000) }}"],
  ['a long text between others', "{{ ('x' * 1000000).join(['a'] * 9000) }}"],
  ['a long text for each character', "{% set x = 'x' * 1000000 %}{{ x.replace('x', x) }}"],
  ['a long text in many places', "{{ ('%(x)s' * 10000) % {'x': 'x' * 1000000} }}"],
  ['a long text in many braces', "{{ ('{0}' * 10000).format('x' * 1000000) }}"],
  ['a wide number', "{{ '%999999999d' % 1 }}"],
  ['many dates', "{{ strftime_now('%c' * 1000000) }}"],
  [
    'dictionaries of long keys that are sorted often',
    "{% set x = 'x' * 1000000 %}{% set d = {x ~ 'a': 1, x ~ 'b': 2} %}{% for i in range(90000) %}{% if d | dictsort %}{% endif %}{% endfor %}",
  ],
  [
    'long texts that are cut often',
    "{% set x = ' ' * 1000000 %}{% for i in range(90000) %}{% if 'a'.strip(x) %}{% endif %}{% endfor %}",
  ],
  [
    'a large macro that is defined often',
    `{% for i in range(40000) %}{% macro m() %}${'{{ 1 }}'.repeat(2_000)}{% endmacro %}{% endfor %}`,
  ],
  [
    'a large block that is called often',
    `{% macro m() %}{% endmacro %}{% for i in range(40000) %}{% call m() %}${'{{ 1 }}'.repeat(2_000)}{% endcall %}{% endfor %}`,
  ],
  ...[
    'x.title()',
    'x | title',
    'x.isalpha()',
    'x.format()',
    'x % ()',
    'x[::2]',
    '[x] | string',
    'x | tojson(ensure_ascii=true)',
    "x.split('a')",
    "x.rsplit('a')",
    "x.partition('a')",
  ].map((use) => [
    `each character of a long text: ${use}`,
    `{% set x = 'a' * 6000000 %}{{ ${use} }}`,
  ]),
  ['many words', "{{ ('a ' * 3000000).split() }}"],
  ['many lines', "{{ ('\\n' * 6000000).splitlines() }}"],
  [
    'a large dictionary that is gone through often',
    `{% set d = {${Array.from({length: 3000}, (_, i) => `'${i}': 1`).join()}} %}{% for i in range(100) %}{% set x = d.items() %}{% endfor %}`,
  ],
  ['JSON with wide spaces', '{{ [[1]] | tojson(indent=400000000) }}'],
  [
    'JSON with long separators',
    "{% set x = 'x' * 1000000 %}{{ range(400) | list | tojson(separators=(x, x)) }}",
  ],
])('[MD17] %s ends early', (_what, source) => {
  expect(() => render(source)).toThrow(TemplateTooLargeError);
});

test.each([
  '{{ ns.l }}',
  '{{ ns }}',
  '{{ (ns.l, 1) }}',
  '{{ ns.l | string }}',
  '{{ ns.l | tojson }}',
  '{{ ns.l | tojson(indent=2) }}',
  "{{ ns.l ~ '' }}",
  "{{ [ns.l] | join(',') }}",
  "{{ [ns.l] | map('string') | list }}",
  '{{ ns.l | trim }}',
  '{{ ns.l == ns.other }}',
  '{{ ns.other in [ns.l] }}',
  '{{ raise_exception(ns.l) }}',
])('[MD17] a list of one list twice, and so on, ends early: %s', (use) => {
  const source =
    '{% set ns = namespace(l=[1], other=[1]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.other = [ns.other, ns.other] %}{% endfor %}';
  expect(() => render(source + use)).toThrow(TemplateTooLargeError);
});

test.each(["map('title')", "select('eq', 'y')", 'min', 'sort', 'unique', 'join'])(
  '[MD17] a list of one long text ends early: %s',
  (filter) => {
    const source =
      "{% set x = 'x' * 1000000 %}{% set ns = namespace(l=[x]) %}{% for i in range(8) %}{% set ns.l = ns.l + ns.l %}{% endfor %}";
    expect(() => render(`${source}{{ ns.l | ${filter} }}`)).toThrow(TemplateTooLargeError);
  },
);

test.each([
  '{{ range(0, 5, 0) }}',
  '{{ range("x") }}',
  '{% set ns = namespace(l=[1]) %}{% for i in range(40) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ range(ns.l) }}',
  '{{ range(0, 1, 0.000000001) }}',
  '{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}',
])('[MD17] what cannot be computed is an error: %s', (source) => {
  expect(() => render(source)).toThrow(RangeError);
});

test('[MD17] what chats need is there', () => {
  expect(render('{% for i in range(2, 8, 3) %}{{ i }},{% endfor %}')).toBe('2,5,');
  expect(render('{{ range(3) | length }}{{ True and true and none is none }}')).toBe('3True');
  expect(render("{{ strftime_now('%d %B %Y') }}")).toBe('07 July 2026');
  expect(render('{% for each in messages if loop is defined or true %}.{% endfor %}')).toHaveLength(
    50,
  );
  expect(() => render("{{ raise_exception('in its own words') }}")).toThrow(
    new TemplateRefusal('in its own words'),
  );
});

test.each([
  ['blanks', `a${' '.repeat(400_000)}b`],
  ['blanks in a tag', `{{ 1${' '.repeat(400_000)}}}`],
  ['blanks in a text', `{{ '${' '.repeat(400_000)}' }}`],
  ['ends of lines', `${'\n'.repeat(400_000)}{% if true %}x{% endif %}`],
  ['brackets of tests', `{{ ${'1 is in ['.repeat(40_000)}`],
  ['tests in tests', `{{ ${'1 is in ('.repeat(500)}[1]${')'.repeat(500)} }}`],
  ['quotes', `{{ ${"'\\a".repeat(100_000)}`],
  ['tags in what is raw', `{% raw %}${'{%    '.repeat(100_000)}`],
])('[MD17] many %s are read as fast as others', (_what, source) => {
  // By the square of their number, each would take minutes.
  try {
    parseTemplate(source);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
  }
});
