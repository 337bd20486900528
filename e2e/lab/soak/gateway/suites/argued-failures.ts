/** A probe of a public suite that fails, or warns, for a reason that the document of the gateway gives. */
export type ArguedFailure = {
  readonly suite: 'compatcanary' | 'llm-comply';
  readonly id: string;
  /** Of which models. */
  readonly of: 'any' | 'tools' | 'no tools';
};

export const ARGUED: readonly ArguedFailure[] = [
  {suite: 'compatcanary', id: 'chat.tool_call', of: 'no tools'},
  {suite: 'compatcanary', id: 'responses.basic', of: 'any'},
  {suite: 'compatcanary', id: 'responses.streaming', of: 'any'},
  {suite: 'llm-comply', id: 'chat-tool-calling', of: 'no tools'},
  {suite: 'llm-comply', id: 'chat-image-input', of: 'any'},
];
