import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {json} from 'node:stream/consumers';
import * as z from 'zod';

const requestSchema = z.object({
  stream: z.literal(true),
  messages: z.array(z.object({role: z.string(), content: z.string()})).min(1),
});

/** A service with the part of OpenAI's API that a fallback needs. */
export type Completions = {
  /** Base URL, without a slash at its end. */
  readonly url: string;
  /** The newest message of each request. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
};

/**
 * @param answerTo the whole answer to a message.
 * @param options.pieceCharacters of each event of the stream; by default, a twentieth of the answer.
 */
export async function serveCompletions(
  answerTo: (message: string) => string,
  options: {readonly pieceCharacters?: number} = {},
): Promise<Completions> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.writeHead(400).end());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'Content-Type');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const {messages} = requestSchema.parse(await json(request));
    const message = messages.at(-1)?.content ?? '';
    asked.push(message);
    response.writeHead(200, {'Content-Type': 'text/event-stream'});
    const text = answerTo(message);
    const {pieceCharacters = Math.max(3, Math.ceil(text.length / 20))} = options;
    for (let at = 0; at < text.length; at += pieceCharacters) {
      const content = text.slice(at, at + pieceCharacters);
      response.write(`data: ${JSON.stringify({choices: [{delta: {content}}]})}\n\n`);
    }
    response.end('data: [DONE]\n\n');
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
