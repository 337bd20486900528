import {expect, test} from 'vitest';
import {jsonFaultOf} from './json-fault.ts';

function faultOf(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return jsonFaultOf(text, error);
  }
  throw new Error('The text is JSON');
}

test.for([
  ['{"tabs": [}', "line 1, column 11: Unexpected token '}'"],
  ['{\n  "tabs": [\n    {"count": 3,}\n  ]\n}', 'line 3, column 17: Expected double-quoted'],
  ['{\n  "tabs": [\n    1,\n  ]\n}', "line 4, column 3: Unexpected token ']'"],
  ['{\n  "seed": trve\n}', "line 2, column 13: Unexpected token 'v'"],
  ['{"tabs": [1]', "line 1, column 13: Expected ',' or '}'"],
  ['{"tabs":\n', 'line 2, column 1: Unexpected end of JSON input'],
  ['', 'line 1, column 1: Unexpected end of JSON input'],
  ['undefined', 'line 1, column 1: '],
  [`["${'x'.repeat(99)}", NaN, "\n"]`, "line 1, column 105: Unexpected token 'N'"],
] as const)('[CL4] %j is not JSON at %s', ([text, fault]) => {
  expect(faultOf(text)).toContain(fault);
  expect(faultOf(text)).not.toContain('\n');
});
