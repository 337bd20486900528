import type {ChatMessage, Tool} from './chat-message.ts';

/** What people and programs wrote of a prompt: the rest is the template's. */
export type Written = {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly Tool[] | undefined;
};

/** Every text in it, names of fields among them. */
export function textsOf(written: Written): readonly string[] {
  const texts: string[] = [];
  mapTexts(written, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/** The same with each text in it replaced. */
export function mapTexts({messages, tools}: Written, change: (text: string) => string): Written {
  return {
    messages: messages.map(({role, content, toolCalls, toolCallId}) => ({
      role,
      content: change(content),
      ...(toolCalls !== undefined && {
        toolCalls: toolCalls.map((call) => ({
          id: change(call.id),
          name: change(call.name),
          arguments: mapObject(call.arguments, change),
        })),
      }),
      ...(toolCallId !== undefined && {toolCallId: change(toolCallId)}),
    })),
    tools: tools?.map(({name, description, parameters}) => ({
      name: change(name),
      ...(description !== undefined && {description: change(description)}),
      parameters: mapObject(parameters, change),
    })),
  };
}

function mapObject(value: object, change: (text: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [change(name), mapValue(inner, change)]),
  );
}

function mapValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((inner: unknown) => mapValue(inner, change));
  return typeof value === 'object' && value !== null ? mapObject(value, change) : value;
}
