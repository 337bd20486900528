import * as z from 'zod/mini';

/** Compiled schemas need `eval`, which a Content-Security-Policy forbids; trying is an error in the console. */
export function parseWithoutEval(): void {
  z.config({jitless: true});
}
