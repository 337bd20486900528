import type {AskRequest, ChatService} from '../../../ports/chat-service.ts';
import {parseWithoutEval} from '../../node/without-eval.ts';
import {FallbackError} from './fallback-error.ts';
import {readCompletion} from './read-completion.ts';

export type FallbackTarget = {
  /** Base URL of an OpenAI-compatible API; ends with a slash. */
  readonly baseUrl: string;
  /** As that service knows it. */
  readonly model: string;
};

/** An answer of 512 tokens has far less; a service that sends more is cut off. */
const MOST_CHARACTERS = 32_768;
/** So much text at once costs the page a few milliseconds. */
const PIECE_CHARACTERS = 2_048;
/** Work that lasts longer keeps a person from typing. */
const LONGEST_TASK_MS = 16;

/** An OpenAI-compatible service, asked without cookies and without the address of this page. */
export function fallbackChat({baseUrl, model}: FallbackTarget): ChatService {
  parseWithoutEval();
  const {host} = new URL(baseUrl);
  return {
    async *ask(request, {signal}) {
      yield {kind: 'elsewhere', host};
      const abort = new AbortController();
      try {
        const signals = AbortSignal.any([signal, abort.signal]);
        const response = await post(baseUrl, bodyOf(request, model), {host, signal: signals});
        let isCut = false;
        let characterCount = 0;
        for await (const text of inPieces(response, host, () => (isCut = true))) {
          const shown = text.slice(0, MOST_CHARACTERS - characterCount);
          characterCount += text.length;
          yield {kind: 'text', text: shown, atMs: performance.now()};
          isCut ||= characterCount >= MOST_CHARACTERS;
          if (characterCount >= MOST_CHARACTERS) break;
        }
        yield {kind: 'end', finishReason: isCut ? 'length' : 'stop', text: ''};
      } finally {
        abort.abort(); // What still comes is not wanted.
      }
    },
  };
}

async function* inPieces(
  response: Response,
  host: string,
  onCut: () => void,
): AsyncGenerator<string, void, undefined> {
  let sinceMs = performance.now();
  for await (const {text, isCut} of readCompletion(response, host)) {
    if (isCut) onCut();
    for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
      yield text.slice(at, at + PIECE_CHARACTERS);
      if (performance.now() - sinceMs < LONGEST_TASK_MS) continue;
      await nextTask();
      sinceMs = performance.now();
    }
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve);
  });
}

function bodyOf({prompt, maxNewTokens, temperature, topP}: AskRequest, model: string): object {
  return {
    model,
    messages: prompt.kind === 'messages' ? prompt.messages : [],
    stream: true,
    max_tokens: maxNewTokens,
    temperature,
    top_p: topP,
  };
}

async function post(
  baseUrl: string,
  body: object,
  {host, signal}: {readonly host: string; readonly signal: AbortSignal},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL('chat/completions', baseUrl), {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(body),
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'manual', // The visitor knows of this host, and of no other.
      signal,
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new FallbackError(host, 'does not answer', {cause});
  }
  if (response.ok) return response;
  // Browsers tell nothing of a redirect, not even its status, which they give as 0.
  if (response.status < 400) {
    throw new FallbackError(host, 'sends the question on to another address', {
      whatToDo: 'tell whoever runs this site to give the final address as its fallback',
    });
  }
  throw new FallbackError(host, `answers with an error (${response.status})`);
}
