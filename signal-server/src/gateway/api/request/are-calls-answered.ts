type Message = {
  readonly role: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly {readonly id: string}[] | null | undefined;
};

/** Whether each message of a tool answers a call before it. */
export function areCallsAnswered(messages: readonly Message[]): boolean {
  const called = new Set<string>();
  return messages.every(({role, tool_call_id: answered, tool_calls: calls}) => {
    for (const {id} of calls ?? []) called.add(id);
    return role !== 'tool' || (answered !== undefined && called.has(answered));
  });
}
