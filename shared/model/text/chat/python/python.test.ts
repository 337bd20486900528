import {Template} from '@huggingface/jinja';
import {expect, test} from 'vitest';
import {formatTime} from './format-time.ts';
import {renderTemplate} from '../render-template.ts';

/** In the time zone of the machine that runs this, as a template tells the time of its reader. */
const timeMs = (hours: number) => new Date(2026, 6, 7, hours, 5, 9).getTime();

const render = (source: string, variables: object = {}) =>
  renderTemplate(new Template(source).parsed, {...variables}, {messageCount: 1, nowMs: timeMs(12)});

test.each([
  ['%d %b %Y', '07 Jul 2026'],
  ['%B %-d, %Y', 'July 7, 2026'],
  ['%A, %a %e %m/%y', 'Tuesday, Tue  7 07/26'],
  ['%H:%M:%S %I %p', '12:05:09 12 PM'],
  ['100%% %Q %%F', '100% %Q %F'],
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
  ["{{ ['a', none, true, 1.0, {'b': \"it's\"}] }}", `['a', None, True, 1.0, {'b': "it's"}]`],
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
