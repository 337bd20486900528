/// <reference types="node" />
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {expect, test} from 'vitest';
import * as z from 'zod';

const folder = join(import.meta.dirname, '..');
const repository = join(folder, '..', '..', '..');
const {scripts} = z
  .object({scripts: z.record(z.string(), z.string())})
  .parse(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')));
const commands = readdirSync(folder)
  .filter((file) => /^[a-z-]+\.ts$/u.test(file))
  .map((file) => file.slice(0, -'.ts'.length));

test('[CL8] every command has a script in package.json', () => {
  const started = Object.values(scripts).flatMap(
    (script) => /run\.mjs ([a-z-]+)/u.exec(script)?.[1] ?? [],
  );
  expect(started.toSorted()).toEqual(commands.toSorted());
});

test.for(commands)(
  '[CL8] %s --help prints to stdout what the command and each option is for, and exits with 0',
  async (name) => {
    const child = spawn(process.execPath, ['--no-warnings', join(folder, `${name}.ts`), '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, error] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect({code: child.exitCode, error}).toEqual({code: 0, error: ''});
    expect(out).toMatch(/^Usage: npm (?:start|test|run (?:-s )?[a-z-]+)\b/u);
    expect(out).toMatch(/^ {2}--help +shows this text$/mu);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  },
);
