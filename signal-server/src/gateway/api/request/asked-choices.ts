import {getRandomValues} from 'node:crypto';
import {seedOf, topPOf} from '#shared/client/chat/asked-sampling.ts';
import type {Prompt} from '#shared/client/chat/chat-service.ts';
import type {ChatMessage, ToolCall} from '#shared/model/text/messages/chat-message.ts';
import type {Choices} from '../../answers/ask-choices.ts';
import {objectOf, type AskedCall, type ChatRequest} from './chat-request.ts';
import {followedBy} from './followed-by.ts';
import {promptsOf, type CompletionRequest} from './completion-request.ts';
import {DEFAULT_MAX_TOKENS} from './request-fields.ts';

/** What a chat request asks of the swarm. */
export function choicesOfChat(request: ChatRequest): Choices {
  const messages = request.messages.map(toMessage);
  const thinking = request.chat_template_kwargs?.enable_thinking;
  const followed = followedBy(request);
  return choicesOf(request, {
    prompts: [
      {
        kind: 'messages',
        messages,
        ...(thinking != null && {thinking}),
        ...(followed.kind === 'tools' && {tools: followed.tools}),
      },
    ],
    maxNewTokens: request.max_completion_tokens ?? request.max_tokens ?? DEFAULT_MAX_TOKENS,
    topLogprobs: request.top_logprobs ?? 0,
    followed,
  });
}

/** What a plain completion asks of the swarm. */
export function choicesOfCompletion(request: CompletionRequest): Choices {
  return choicesOf(request, {
    prompts: promptsOf(request.prompt).map((prompt) =>
      typeof prompt === 'string'
        ? {kind: 'text', text: prompt}
        : {kind: 'token-ids', tokenIds: prompt},
    ),
    maxNewTokens: request.max_tokens ?? DEFAULT_MAX_TOKENS,
    topLogprobs: request.logprobs ?? 0,
    followed: {kind: 'nothing'},
  });
}

function choicesOf(
  request: ChatRequest | CompletionRequest,
  {
    prompts,
    followed,
    ...asked
  }: {
    readonly prompts: readonly Prompt[];
    readonly followed: Choices['followed'];
    readonly maxNewTokens: number;
    readonly topLogprobs: number;
  },
): Choices {
  const {temperature, top_p, top_k, seed, n, stop} = request;
  return {
    prompts,
    followed,
    answersEach: n ?? 1,
    ask: {
      ...asked,
      temperature: temperature ?? 1,
      topK: top_k ?? 0,
      topP: topPOf(top_p ?? 1),
      seed: seed == null ? randomSeed() : seedOf(seed),
      ...biasOf(request),
    },
    stops: typeof stop === 'string' ? [stop] : (stop ?? []),
  };
}

/** What is left out, and what is 0, costs the tail nothing. */
function biasOf({
  logit_bias,
  frequency_penalty,
  presence_penalty,
}: ChatRequest | CompletionRequest): Pick<
  Choices['ask'],
  'logitBias' | 'frequencyPenalty' | 'presencePenalty'
> {
  const logitBias = Object.entries(logit_bias ?? {}).map(
    ([tokenId, bias]) => [Number(tokenId), bias] as const,
  );
  return {
    ...(logitBias.length > 0 && {logitBias}),
    ...(frequency_penalty && {frequencyPenalty: frequency_penalty}),
    ...(presence_penalty && {presencePenalty: presence_penalty}),
  };
}

function toMessage(message: ChatRequest['messages'][number]): ChatMessage {
  const {role} = message;
  const content = textOf(message.content);
  if (role === 'tool') return {role, content, toolCallId: message.tool_call_id};
  if (role !== 'assistant') return {role: role === 'developer' ? 'system' : role, content};
  const calls = message.tool_calls ?? [];
  return {role, content, ...(calls.length > 0 && {toolCalls: calls.map(toCall)})};
}

function textOf(content: ChatRequest['messages'][number]['content']): string {
  if (content == null) return '';
  return typeof content === 'string' ? content : content.map(({text}) => text).join('');
}

function toCall({id, function: {name, arguments: values}}: AskedCall): ToolCall {
  return {id, name, arguments: objectOf(values) ?? {}};
}

function randomSeed(): number {
  return getRandomValues(new Uint32Array(1))[0] ?? 0;
}
