/// <reference types="node" />
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {expect, test} from 'vitest';

const RUN = join(import.meta.dirname, '..', 'run.mjs');

test('[SU10] a reader that has read enough ends a command without a complaint', async () => {
  const child = spawn(process.execPath, [RUN, 'bench', 'plan-quality', '--nodes', '8'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [complaint] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect(complaint).toBe('plan-quality: 12 pools\n');
});
