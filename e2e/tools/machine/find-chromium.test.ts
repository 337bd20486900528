import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {chromiumArguments, findChromium} from './find-chromium.ts';
import type {Machine} from './machine.ts';
import {CLOSED_PORT} from '#shared/testing/loopback-port.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-chromium-'));
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

/** A program that answers `--version`, in a folder that can be a PATH. */
async function writeBinary(path: string, script = 'echo "Chromium 1.2.3"'): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), {recursive: true});
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

function bareMachine(parts: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    isRoot: false,
    usualChromiumPaths: [],
    locatePlaywrightChromium: async () => join(folder, 'playwright/chrome'),
    ...parts,
  };
}

/** Playwright's real installer, whose mirror refuses every connection. */
const closedMirror = (): NodeJS.ProcessEnv => ({
  PATH: folder,
  PLAYWRIGHT_DOWNLOAD_HOST: `http://127.0.0.1:${CLOSED_PORT}`,
  PLAYWRIGHT_BROWSERS_PATH: join(folder, 'browsers'),
});

test('[SU6] CHROMIUM_PATH comes before the PATH', async () => {
  await writeBinary('chromium');
  const chosen = await writeBinary('elsewhere/my-chromium');
  const env = {PATH: folder, CHROMIUM_PATH: chosen};
  expect(await findChromium({env, machine: bareMachine()})).toBe(chosen);
});

test('[SU6] a CHROMIUM_PATH that does not start is refused, not replaced', async () => {
  await writeBinary('chromium');
  const chosen = await writeBinary('broken', 'echo "cannot open shared object file" >&2; exit 127');
  const found = findChromium({env: {PATH: folder, CHROMIUM_PATH: chosen}, machine: bareMachine()});
  await expect(found).rejects.toMatchObject({
    detail: {code: 'CHROMIUM_UNUSABLE', path: chosen},
    message: `CHROMIUM_PATH names "${chosen}", which does not start (exit code 127: cannot open shared object file); name the binary of a Chromium, or unset CHROMIUM_PATH to have one looked for`,
  });
});

test('[SU6] a file on the PATH that does not start is passed over', async () => {
  await writeBinary('chromium', 'echo "requires the chromium snap to be installed" >&2; exit 1');
  const chrome = await writeBinary('google-chrome-stable');
  expect(await findChromium({env: {PATH: folder}, machine: bareMachine()})).toBe(chrome);
});

test("[SU6] then the usual places, then Playwright's own", async () => {
  const own = await writeBinary('playwright/chrome');
  expect(await findChromium({env: {PATH: folder}, machine: bareMachine()})).toBe(own);
  const usual = await writeBinary('usual/chrome');
  const machine = bareMachine({usualChromiumPaths: [join(folder, 'absent'), usual]});
  expect(await findChromium({env: {PATH: folder}, machine})).toBe(usual);
});

test("[SU7] root on Debian gets the distribution's package", async () => {
  await writeBinary(
    'apt-get',
    `echo "$@" >> "${folder}/calls"
     case "$*" in *install*)
       echo "Setting up chromium (1.2.3)"
       printf '#!/bin/sh\\necho Chromium\\n' > "${folder}/chromium" && /bin/chmod 755 "${folder}/chromium";;
     esac`,
  );
  const lines: string[] = [];
  const found = await findChromium({
    env: {PATH: folder},
    machine: bareMachine({isRoot: true}),
    log: (line) => lines.push(line),
  });
  expect(found).toBe(join(folder, 'chromium'));
  expect(lines).toEqual([
    'No Chromium found; installing the package of the system (apt-get install chromium)',
    '  Setting up chromium (1.2.3)',
  ]);
});

test('[SU7] when nothing can be installed, the sentence says what was tried and what to do', async () => {
  await writeBinary('apt-get', 'echo "E: Unable to locate package chromium" >&2; exit 100');
  const error: unknown = await findChromium({
    env: closedMirror(),
    machine: bareMachine({isRoot: true}),
    log: () => undefined,
  }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({detail: {code: 'CHROMIUM_MISSING'}});
  expect(String(error)).toBe(
    [
      'WeftError: No Chromium on this machine; install Chromium or Chrome, or set CHROMIUM_PATH to its binary, and run the command again. Tried:',
      "PATH, usual places and Playwright's own folder: no chromium, chromium-browser, google-chrome, google-chrome-stable, microsoft-edge",
      'apt-get install chromium: exit code 100: E: Unable to locate package chromium',
      `npx playwright install chromium: exit code 1: Error: connect ECONNREFUSED 127.0.0.1:${CLOSED_PORT}`,
    ].join('\n  - '),
  );
});

test('[SU7] nobody but root runs apt-get; a search that is cancelled ends the installer', async () => {
  await writeBinary('apt-get', `echo called > "${folder}/calls"`);
  const stop = new AbortController();
  const found = findChromium({
    env: closedMirror(),
    machine: bareMachine(),
    log: () => stop.abort(new Error('stopped')),
    signal: stop.signal,
  });
  await expect(found).rejects.toThrow('stopped');
  await expect(rm(join(folder, 'calls'))).rejects.toThrow('ENOENT');
});

test('[SU8] the sandbox goes only as root, WebGPU and less optimization come only where they are asked for', () => {
  const plain = chromiumArguments({webgpu: false, isRoot: false});
  expect(plain.join(' ')).not.toContain('--js-flags');
  const brief = chromiumArguments({webgpu: false, isRoot: false, delaysWasmTiering: true});
  expect(brief).toEqual([...plain, '--js-flags=--wasm-tiering-budget=130000000']);
  expect(plain).not.toContain('--no-sandbox');
  expect(plain).not.toContain('--enable-unsafe-webgpu');
  expect(plain.filter((flag) => flag.startsWith('--disable-features='))).toHaveLength(1);
  const full = chromiumArguments({webgpu: 'software', isRoot: true});
  expect(full).toEqual(
    expect.arrayContaining([
      ...plain,
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
    ]),
  );
});
