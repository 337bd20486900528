import {expect, test} from 'vitest';
import {withPixels} from './pixels-for-rem.ts';

test('[WB2] sizes by the root of the page become sizes in pixels, and nothing else changes', () => {
  expect(withPixels('a { margin: 0.5rem 1em -2rem; width: calc(100% - 1.5rem) }')).toBe(
    'a { margin: 8px 1em -32px; width: calc(100% - 24px) }',
  );
  expect(withPixels('const rem = 2; const remRem1 = x1rem; theorem')).toBe(
    'const rem = 2; const remRem1 = x1rem; theorem',
  );
});
