/** What OpenAI offers beside completions, by where its path begins, and what a caller here can do. */
const INSTEAD: readonly (readonly [path: string, sentence: string])[] = [
  [
    '/v1/responses',
    'the Responses API keeps conversations, and this server keeps none; use /v1/chat/completions',
  ],
  [
    '/v1/conversations',
    'this server keeps no conversations; send all messages to /v1/chat/completions',
  ],
  ['/v1/assistants', 'this server keeps no assistants; use /v1/chat/completions with "tools"'],
  ['/v1/threads', 'this server keeps no threads; send all messages to /v1/chat/completions'],
  ['/v1/chat/completions/', 'this server keeps no answers; use /v1/chat/completions'],
  ['/v1/embeddings', 'the models here write text, and make no embeddings; see /v1/models'],
  ['/v1/moderations', 'the models here write text, and judge none; see /v1/models'],
  ['/v1/images', 'the models here write text, and make no images; see /v1/models'],
  ['/v1/audio', 'the models here read and write text only; see /v1/models'],
  ['/v1/realtime', 'the models here read and write text only; use /v1/chat/completions'],
  ['/v1/files', 'this server keeps no files; send their text to /v1/chat/completions'],
  ['/v1/batches', 'this server keeps no batches; send each request to /v1/chat/completions'],
];

export function insteadOf(path: string): string {
  const known = INSTEAD.find(([begin]) => path.startsWith(begin));
  return known?.[1] ?? 'see /v1/openapi.json';
}
