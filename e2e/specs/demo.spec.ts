import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, test} from '@playwright/test';
import * as z from 'zod';
import reference from '../reference/smollm2-greedy.json' with {type: 'json'};

const COMMAND = fileURLToPath(new URL('../tools/commands/run.mjs', import.meta.url));

const reportSchema = z.object({
  url: z.string(),
  model: z.string(),
  prompt: z.string(),
  text: z.string(),
  tokenIds: z.array(z.int()),
  chain: z.array(
    z.object({
      node: z.string(),
      startLayer: z.int(),
      endLayer: z.int(),
      engine: z.literal('wasm'),
    }),
  ),
  timeToFirstTokenMs: z.number(),
  msPerToken: z.number(),
  activationBytesThroughServer: z.number(),
});

type Run = {readonly exitCode: number | null; readonly stdout: string; readonly stderr: string};

async function runDemo(args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [COMMAND, 'demo', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child, 'close');
  return {exitCode: child.exitCode, stdout, stderr};
}

test('[DM1] the demo answers over three tabs, and no activation passes the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  try {
    const jsonPath = join(folder, 'out.json');
    const {exitCode, stdout, stderr} = await runDemo(['--once', '--json', jsonPath]);
    expect(exitCode, stderr).toBe(0);
    const report = reportSchema.parse(JSON.parse(await readFile(jsonPath, 'utf8')));
    const item = reference.items.find(({id}) => id === 'open-01-question');
    expect(report.tokenIds).toEqual(item?.exact_f32.ids);
    expect(stdout.trim()).toBe(item?.exact_f32.text);
    expect(new Set(report.chain.map(({node}) => node)).size).toBe(3);
    let layer = 0;
    for (const hop of report.chain) {
      expect(hop.startLayer).toBe(layer);
      layer = hop.endLayer;
    }
    expect(layer).toBe(30);
    expect(report.activationBytesThroughServer).toBe(0);
  } finally {
    await rm(folder, {recursive: true});
  }
});

test('[DM2] one tab of five layers: the demo fails and names the layers that nobody holds', async () => {
  const {exitCode, stdout, stderr} = await runDemo(['--once', '--tabs', '1', '--max-layers', '5']);
  expect(exitCode).toBe(1);
  expect(stdout).toBe('');
  const sentence = /No tab holds layers ([\d–, ]+) \((\d+) layers in all\)/u.exec(stderr);
  expect(sentence?.[2], stderr).toBe('25');
  const ranges = (sentence?.[1] ?? '').split(', ').map((range) => range.split('–').map(Number));
  const missing = ranges.reduce((sum, [start = 0, end = 0]) => sum + end - start, 0);
  expect(missing).toBe(25);
});
