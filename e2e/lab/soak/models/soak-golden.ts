import type {Page} from 'playwright';
import {makeGoldenVectors, sketchCell} from '#shared/lab/reference-forward/make-golden-vectors.ts';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {blobByteSource, type ByteSource} from '#shared/model/byte-source.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import type {GgufFile} from '#shared/model/gguf/gguf-file.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import {distanceFrom} from '#shared/model/golden/sketch.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {tensorsOfCell} from '#shared/model/manifest/shard-tensors.ts';
import {kvBytesPerTokenLayer, type ModelSpec} from '#shared/model/model-spec.ts';
import {scaleTensor} from '#shared/testing/scale-tensor.ts';
import {GOLDEN_CPU, GOLDEN_GPU} from '../../../../web/src/node/engine/proof/pass-golden-test.ts';
import {TESTED_TOKENS} from '../../../../web/src/node/engine/proof/measure-shard.ts';
import {inEnginePage} from '../../../pages/engine/in-engine-page.ts';
import {serveEnginePage} from '../../../pages/engine/serve-engine-page.ts';
import {log} from '../../../swarm/test-log.ts';
import {openModel} from '../../../tools/command-line/files/open-model.ts';
import {prepareModel, type PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {Soak} from '../soak.ts';

/** All scales of one tensor. */
const FACTOR = 1.01;
/** Tried one after the other where the layout has four bits. */
const FACTORS = [1.002, 1.005, 1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2];

type RealModel = {
  readonly model: PreparedModel;
  readonly gguf: GgufFile;
  readonly source: ByteSource;
  readonly golden: GoldenVectors;
  readonly cells: readonly LayerRange[];
};
/** What each cell gives in a tab. */
type Given = ReadonlyMap<LayerRange, Float32Array>;

/**
 * The golden test on the real model, in real tabs: how far a right engine is off, and whether every
 * tensor of every cell is found that is a hundredth too large. What the tab gives is compared with what
 * the reference gives for the altered file, which is as far as the altered tab would be from the right one.
 */
export const soakGolden: Soak = async (_, {signal}) => {
  const real = await openRealModel(signal);
  const onCpu = await givenBy(real, {engine: 'wasm', cells: real.cells, signal});
  log(`A right tab on WASM is off by ${mostOff(real, onCpu)}`);
  const gpuCells = real.cells.slice(0, 1);
  const onGpu = await givenBy(real, {engine: 'webgpu', cells: gpuCells, signal});
  const smallest = await smallestFactors(real, gpuCells, onGpu);
  log(`Found on four bits from these factors on: ${JSON.stringify(smallest)}`);
  const found: Record<string, number> = {};
  for (const cell of real.cells) {
    for (const tensor of tensorsOfCell(real.model.manifest, cell)) {
      signal.throwIfAborted();
      found[tensor.name] = await distanceIfScaled(real, {cell, tensor, factor: FACTOR}, onCpu);
    }
    log(`Up to layer ${cell.endLayer}: least found ${JSON.stringify(leastOf(found)[0])}`);
  }
  return {
    checks: [
      atMost('distance of a right tab on WASM', mostOff(real, onCpu), GOLDEN_CPU.largestError / 2),
      atLeast(
        'smallest distance of a tensor that is a hundredth too large',
        Math.min(...Object.values(found)),
        GOLDEN_CPU.largestError,
      ),
      atMost(
        'distance of a right tab on WebGPU',
        mostOff(real, onGpu),
        GOLDEN_GPU.largestError / 2,
      ),
      atMost(
        'largest of the smallest factors that are found on four bits',
        Math.max(...Object.values(smallest)),
        FACTORS.at(-1) ?? 0,
      ),
    ],
    figures: {tensors: Object.keys(found).length, leastFound: leastOf(found), onFourBits: smallest},
  };
};

async function openRealModel(signal: AbortSignal): Promise<RealModel> {
  const model = await prepareModel({log, signal});
  const source = blobByteSource(await openModel(model.path));
  const gguf = await parseGguf(source);
  const golden = await makeGoldenVectors(gguf, {
    source,
    contextTokens: model.manifest.spec.contextTokens,
    cutEvery: model.grid.cutEvery,
  });
  const whole = {startLayer: 0, endLayer: model.grid.layerCount};
  return {model, gguf, source, golden, cells: cellsOf(model.grid, whole)};
}

/** Loads cells in a real tab, which passes its golden test, and takes what each gives. */
async function givenBy(
  {model, golden}: RealModel,
  {
    engine,
    cells,
    signal,
  }: {
    readonly engine: 'wasm' | 'webgpu';
    readonly cells: readonly LayerRange[];
    readonly signal: AbortSignal;
  },
): Promise<Given> {
  const {manifest} = model;
  const range = {startLayer: 0, endLayer: cells.at(-1)?.endLayer ?? 0};
  const shard = {
    manifest,
    golden,
    range,
    weightsUrl: '/model.gguf',
    kvBudgetBytes: TESTED_TOKENS * range.endLayer * kvBytesPerTokenLayer(manifest.spec),
    engine:
      engine === 'wasm' ? ({kind: engine, threadCount: 1} as const) : ({kind: engine} as const),
  };
  const site = await serveEnginePage(model.path);
  try {
    return await inEnginePage({url: site.url, engine, log, signal}, async (page) => {
      await page.evaluate((request) => globalThis.enginePage.load(request), shard);
      const given = new Map<LayerRange, Float32Array>();
      for (const cell of cells) given.set(cell, await valuesOf(page, cell, manifest.spec));
      return given;
    });
  } finally {
    await site[Symbol.asyncDispose]();
  }
}

async function valuesOf(page: Page, cell: LayerRange, spec: ModelSpec): Promise<Float32Array> {
  const values = await page.evaluate(
    ({range, sizes}) => globalThis.enginePage.goldenValues(range, sizes),
    {range: cell, sizes: spec},
  );
  return Float32Array.from(values);
}

function mostOff({golden, cells}: RealModel, given: Given): number {
  const distances = [...given].map(([cell, values]) => {
    const sketch = golden.cells[cells.indexOf(cell)];
    return sketch === undefined ? Number.NaN : distanceFrom(sketch, values);
  });
  return Math.max(...distances);
}

/** How far a tab is from what the reference gives for a file of which one tensor is larger. */
async function distanceIfScaled(
  {gguf, source, model}: RealModel,
  {
    cell,
    tensor,
    factor,
  }: {readonly cell: LayerRange; readonly tensor: TensorEntry; readonly factor: number},
  given: Given,
): Promise<number> {
  const {contextTokens} = model.manifest.spec;
  const altered: ByteSource = {
    byteLength: source.byteLength,
    read: async (startByte, endByte) => {
      const bytes = await source.read(startByte, endByte);
      if (startByte === tensor.offsetBytes) scaleTensor(bytes, tensor.dtype, factor);
      return bytes;
    },
  };
  const sketch = await sketchCell(gguf, {source: altered, cell, contextTokens});
  return distanceFrom(sketch, given.get(cell) ?? new Float32Array());
}

/** The smallest of `FACTORS` at which a GPU would be found out, for each tensor of the last layer of a cell. */
async function smallestFactors(
  real: RealModel,
  cells: readonly LayerRange[],
  given: Given,
): Promise<Readonly<Record<string, number>>> {
  const smallest: Record<string, number> = {};
  for (const cell of cells) {
    const last = {startLayer: cell.endLayer - 1, endLayer: cell.endLayer};
    for (const tensor of tensorsOfCell(real.model.manifest, last)) {
      smallest[tensor.name] = Number.POSITIVE_INFINITY;
      for (const factor of FACTORS) {
        const distance = await distanceIfScaled(real, {cell, tensor, factor}, given);
        if (distance <= GOLDEN_GPU.largestError) continue;
        smallest[tensor.name] = factor;
        break;
      }
    }
  }
  return smallest;
}

function leastOf(found: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(found)
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, 5);
}
