import {copyFile, mkdir, readdir, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import process from 'node:process';
import type {Plugin} from 'vite';
import {inBuiltSite} from '../../site/in-built-site.ts';
import type {PinnedVersion} from './pin-version.ts';

const DESCRIPTION = /^widget@.+\.json$/u;

/**
 * Takes the versions of the widget that the last site has over into the next, with all
 * that they load: pages of others name them, and check their hashes.
 */
export function keepVersions({siteDir}: {readonly siteDir: string}): Plugin {
  return inBuiltSite('keep-versions', async (folder) => {
    const [last, next] = [await readVersions(siteDir), await readVersions(folder)];
    for (const [name, version] of last) {
      const built = next.get(name);
      if (built === undefined) await takeOver(siteDir, folder, {name, version});
      else if (hasChanged(version, built)) tellChanged(built.version);
    }
  });
}

/** By the names of the files that describe them. */
async function readVersions(folder: string): Promise<ReadonlyMap<string, PinnedVersion>> {
  const names = await readdir(folder).catch(() => []);
  const described = names.filter((name) => DESCRIPTION.test(name));
  return new Map(
    await Promise.all(
      described.map(async (name): Promise<[string, PinnedVersion]> => {
        const text = await readFile(join(folder, name), 'utf8');
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Written by the last build.
        return [name, JSON.parse(text) as PinnedVersion];
      }),
    ),
  );
}

/** Its description last: a version that is not whole in the last site is none in the next. */
async function takeOver(
  from: string,
  to: string,
  {name, version}: {readonly name: string; readonly version: PinnedVersion},
): Promise<void> {
  try {
    for (const path of [...Object.keys(version.integrity), name]) {
      await mkdir(dirname(join(to, path)), {recursive: true});
      await copyFile(join(from, path), join(to, path));
    }
  } catch (error) {
    process.stderr.write(
      `Version ${version.version} of the widget is left out, since the last build has not all of it: ${String(error)}\n`,
    );
  }
}

function hasChanged(last: PinnedVersion, next: PinnedVersion): boolean {
  return JSON.stringify(last.integrity) !== JSON.stringify(next.integrity);
}

function tellChanged(version: string): void {
  process.stderr.write(
    `The widget has changed since the last build of version ${version}: pages that pin it refuse it now, so raise "version" in package.json before you serve it to them\n`,
  );
}
