/// <reference types="vite/client" />
import {LoggerWithoutDebug, Wllama} from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';

/** llama.cpp in the browser, on the file that the site serves: what the engine is compared with. */
let wllama: Wllama | null = null;
let asked = 0;

async function load({threads, contextTokens}: {threads: number; contextTokens: number}) {
  const file = await (await fetch('/whole.gguf')).blob();
  wllama = new Wllama({default: wasmUrl}, {logger: LoggerWithoutDebug, suppressNativeLog: true});
  await wllama.loadModel([file], {n_threads: threads, n_ctx: contextTokens, n_gpu_layers: 0});
}

/** By llama.cpp's own clock. */
async function answer({promptTokens, newTokens}: {promptTokens: number; newTokens: number}) {
  if (wllama === null) throw new Error('The model is loaded before it is asked');
  asked += 1;
  // No two questions begin alike: nothing of one is in the cache for the next.
  const prompt = `${asked}${' and'.repeat(promptTokens - 2)}`;
  const {timings} = await wllama.createCompletion({prompt, max_tokens: newTokens, temperature: 0});
  if (timings === undefined) throw new Error('wllama measures no time');
  return {
    promptTokens: timings.prompt_n,
    promptTokensPerSec: timings.prompt_per_second,
    tokenMs: timings.predicted_per_token_ms,
  };
}

const actions = {load, answer};

declare global {
  var wllamaPage: typeof actions;
}
globalThis.wllamaPage = actions;
