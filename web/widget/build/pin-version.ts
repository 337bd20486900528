import {createHash} from 'node:crypto';
import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import type {Plugin} from 'vite';

/** What is in `widget@VERSION.json`, and for the latest version in `widget.json`. */
export type PinnedVersion = {
  readonly version: string;
  /** Of the script under its version, and of every file that it may load: path in the site, and hash for a browser to check. */
  readonly integrity: Readonly<Record<string, string>>;
};

/** Puts the script beside itself under its version, with the hashes of all that it loads. */
export function pinVersion({version}: {readonly version: string}): Plugin {
  return {
    name: 'pin-version',
    writeBundle: {
      order: 'pre',
      sequential: true,
      async handler({dir = '.'}, bundle) {
        const files = Object.values(bundle);
        const entry = files.find((file) => file.type === 'chunk' && file.isEntry);
        if (entry === undefined) this.error('Nothing to pin: the build has no entry');
        const importer = files.find(
          (file) => file.type === 'chunk' && file.imports.includes(entry.fileName),
        );
        if (importer !== undefined) {
          this.error(`Cannot pin: "${importer.fileName}" imports the latest "${entry.fileName}"`);
        }
        const pinned = entry.fileName.replace(/\.js$/u, `@${version}.js`);
        await copyFile(join(dir, entry.fileName), join(dir, pinned));
        const loaded = files.filter((file) => file !== entry).map(({fileName}) => fileName);
        const integrity: Record<string, string> = {};
        for (const path of [pinned, ...loaded.toSorted()]) {
          integrity[path] = integrityOf(await readFile(join(dir, path)));
        }
        const described: PinnedVersion = {version, integrity};
        const text = `${JSON.stringify(described, null, 2)}\n`;
        for (const script of [entry.fileName, pinned]) {
          await writeFile(join(dir, script.replace(/\.js$/u, '.json')), text);
        }
        process.stderr.write(`${pinned}: ${integrity[pinned]}\n`);
      },
    },
  };
}

const integrityOf = (bytes: Uint8Array): string =>
  `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
