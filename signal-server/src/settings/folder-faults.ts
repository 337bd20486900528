import {statSync} from 'node:fs';
import type {SettingFault} from './read-settings.ts';

type Folders = {readonly staticDir: string; readonly modelsDir: string | null};

/** Folders that are to be served and are not there, or are files. */
export function folderFaults({staticDir, modelsDir}: Folders): readonly SettingFault[] {
  return [
    ...(modelsDir === null ? [] : faultOf('MODELS_DIR', modelsDir, 'a folder with GGUF files')),
    ...faultOf('STATIC_DIR', staticDir, 'the built page: run "npm run build" first, or name it'),
  ];
}

function faultOf(variable: string, folder: string, expected: string): readonly SettingFault[] {
  const why = whyNoFolder(folder);
  if (why === null) return [];
  return [
    {variable, sentence: `${variable}=${JSON.stringify(folder)}: ${why}; expected ${expected}`},
  ];
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
