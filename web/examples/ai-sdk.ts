import {createOpenAICompatible} from '@ai-sdk/openai-compatible';
import {streamText} from 'ai';

/** A swarm as a provider of the AI SDK. @param server address of a signal server, such as `https://weft.example`. */
export function weftProvider(server: string) {
  return createOpenAICompatible({
    name: 'weft',
    baseURL: `${server}/v1`,
    includeUsage: true,
    // What follows a schema does so to the letter.
    supportsStructuredOutputs: true,
  });
}

/** A question, answered piece by piece. */
export function ask(server: string, model: string, prompt: string): AsyncIterable<string> {
  return streamText({model: weftProvider(server)(model), prompt, maxOutputTokens: 256}).textStream;
}
