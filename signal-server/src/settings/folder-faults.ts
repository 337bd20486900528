import {existsSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {SettingFault} from './read-settings.ts';

type Folders = {readonly staticDir: string; readonly modelsDir: string | null};

/** Folders that are to be served and are not there, or are files. */
export function folderFaults({staticDir, modelsDir}: Folders): readonly SettingFault[] {
  return [
    ...(modelsDir === null ? [] : faultOf('MODELS_DIR', modelsDir, 'a folder with GGUF files')),
    ...faultOf('STATIC_DIR', staticDir, BUILT_PAGE, whyNoPage(staticDir)),
  ];
}

const BUILT_PAGE = 'the built page: run "npm run build" first, or name it';

function faultOf(
  variable: string,
  folder: string,
  expected: string,
  why = whyNoFolder(folder),
): readonly SettingFault[] {
  if (why === null) return [];
  return [
    {variable, sentence: `${variable}=${JSON.stringify(folder)}: ${why}; expected ${expected}`},
  ];
}

function whyNoPage(folder: string): string | null {
  const why = whyNoFolder(folder);
  if (why !== null) return why;
  return existsSync(join(folder, 'index.html')) ? null : 'it has no index.html';
}

function whyNoFolder(path: string): string | null {
  try {
    const found = statSync(path, {throwIfNoEntry: false});
    if (found === undefined) return 'there is no such folder';
    return found.isDirectory() ? null : 'it is no folder';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
