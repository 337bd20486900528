/** One turn of a chat. */
export type ChatMessage = {
  /** `tool`: what came of a call. */
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Of the assistant: what it called. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool: whose call it answers. */
  readonly toolCallId?: string;
};

/** A tool that the model may call. */
export type Tool = {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of an object. */
  readonly parameters: JsonObject;
};

export type ToolCall = {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
};

/** As JSON has it. */
export type JsonObject = Readonly<Record<string, unknown>>;
