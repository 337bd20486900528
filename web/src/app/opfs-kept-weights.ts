import type {OfferedModel} from '#shared/client/model/load-manifest.ts';
import {WEIGHTS_FOLDER} from '../node/engine/weight-store/opfs-weight-store.ts';
import type {KeptWeights, KeptWeightsService} from '../ports/kept-weights-service.ts';

/** The weights in the private file system of this site. */
export function opfsKeptWeights(model: () => Promise<OfferedModel>): KeptWeightsService {
  return {
    list: async () => {
      const all = await openAll();
      if (all === null) return [];
      const kept: KeptWeights[] = [];
      for await (const [fileSha256, folder] of all.entries()) {
        if (!(folder instanceof FileSystemDirectoryHandle)) continue;
        const byteLength = await sizeOf(folder);
        if (byteLength > 0)
          kept.push({fileSha256, byteLength, title: await titleOf(fileSha256, model)});
      }
      return kept;
    },
    delete: async ({fileSha256}) => {
      const all = await openAll();
      await all?.removeEntry(fileSha256, {recursive: true});
    },
    persist: async () => {
      // Refused in silence: the browser may then clear them, and they are fetched again.
      await navigator.storage?.persist?.().catch(() => false);
    },
  };
}

async function openAll(): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(WEIGHTS_FOLDER);
  } catch {
    return null; // Nothing was kept, or nothing can be.
  }
}

async function sizeOf(folder: FileSystemDirectoryHandle): Promise<number> {
  let byteLength = 0;
  for await (const file of folder.values()) {
    if (file instanceof FileSystemFileHandle) byteLength += (await file.getFile()).size;
  }
  return byteLength;
}

async function titleOf(
  fileSha256: string,
  model: () => Promise<OfferedModel>,
): Promise<string | null> {
  const offered = await model().catch(() => null);
  return offered?.manifest.file.sha256 === fileSha256 ? offered.title : null;
}
