/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from '@playwright/test';
import {greedyReference} from '#shared/lab/reference-forward/greedy-reference.ts';
import {ReferenceForward} from '#shared/lab/reference-forward/reference-forward.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import type {TensorDtype} from '#shared/model/storage/block-sizes.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {checkModel} from '../../check-model/check-model.ts';
import {log} from '../../swarm/test-log.ts';

/** Rows are whole blocks of every storage type. */
const SHAPE = {layerCount: 2, hiddenSize: 256, feedForwardSize: 256};
const PROMPT_IDS = [5, 77, 140, 9, 231, 60, 18, 204, 33, 91, 12];
const NEW_TOKENS = 8;
/** Where two tokens are nearly as likely, float32 may choose the other. */
const CLEAR_MARGIN = 0.05;
const TOLERANCE = 1e-3;

/** As llama.cpp quantises to Q4_K_M, and to Q5_0 where rows are too short for it. */
const DTYPES: Readonly<Record<string, TensorDtype>> = {
  token_embd: 'Q6_K',
  attn_v: 'Q6_K',
  ffn_down: 'Q5_0',
  attn_output: 'Q5_K',
  ffn_gate: 'IQ4_XS',
};
const dtypeOf = (name: string): TensorDtype => {
  if (name.includes('norm')) return 'F32';
  return DTYPES[name.split('.').at(-2) ?? ''] ?? 'Q4_K';
};

test('[WF1] a file of mixed storage types, whole in one tab, says what the reference says', async () => {
  const file = tinyGguf({seed: 30, shape: SHAPE, dtypeOf});
  const folder = await mkdtemp(join(tmpdir(), 'weft-check-'));
  try {
    const path = join(folder, 'mixed.gguf');
    await writeFile(path, file);
    const run = {path, engine: 'wasm', log, signal: new AbortController().signal} as const;
    const limits = {maxNewTokens: NEW_TOKENS};
    const [checked] = await checkModel({...run, ...limits, prompts: [PROMPT_IDS]});
    // Two layers are one cell.
    const gguf = await parseGguf(memoryByteSource(file));
    const forward = new ReferenceForward({gguf, file, cutEvery: SHAPE.layerCount});
    const steps = greedyReference(forward, {promptIds: PROMPT_IDS, ...limits, topCount: 5});
    expect(checked?.promptIds).toEqual(PROMPT_IDS);
    expect(Math.min(...steps.map(({margin}) => margin))).toBeGreaterThan(CLEAR_MARGIN);
    expect(checked?.ids).toEqual(steps.map(({tokenId}) => tokenId));
    for (const [at, {top}] of steps.entries()) {
      const actual = new Map(checked?.top[at]?.map(({id, logit}) => [id, logit]));
      expect(actual.size).toBe(5);
      const [best] = top;
      expect(
        Math.abs((actual.get(best?.id ?? -1) ?? Number.NaN) - (best?.logit ?? 0)),
      ).toBeLessThan(TOLERANCE);
    }
    await expect(checkModel({...run, ...limits, prompts: [[1, 99_999]]})).rejects.toMatchObject({
      detail: {code: 'TOKEN_UNKNOWN'},
      message: expect.stringContaining('the token id 99999 is not in the vocabulary'),
    });
  } finally {
    await rm(folder, {recursive: true});
  }
});
