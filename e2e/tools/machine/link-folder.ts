/// <reference types="node" />
import {copyFile, link, mkdir, readdir} from 'node:fs/promises';
import {join} from 'node:path';

/**
 * The same files in another folder, without copying them where the file system can: nobody may write to them.
 *
 * @param isLeftOut of the folders and files in `from`, by their names.
 */
export async function linkFolder(
  from: string,
  to: string,
  isLeftOut: (name: string) => boolean = () => false,
): Promise<void> {
  await mkdir(to, {recursive: true});
  const entries = await readdir(from, {withFileTypes: true});
  await Promise.all(
    entries
      .filter(({name}) => !isLeftOut(name))
      .map(async (entry) => {
        const [source, target] = [join(from, entry.name), join(to, entry.name)];
        if (entry.isDirectory()) await linkFolder(source, target);
        // Not between two file systems, and not on each of them.
        else await link(source, target).catch(() => copyFile(source, target));
      }),
  );
}
