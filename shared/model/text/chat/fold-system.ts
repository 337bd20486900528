import type {ChatMessage} from '../messages/chat-message.ts';
import type {ChatTemplate, RenderOptions} from './chat-template.ts';
import {ChatTemplateError} from './chat-template-error.ts';

/**
 * The messages as the template takes them: as they are, or with each system message in front of the
 * question after it, since some models know no system.
 *
 * @throws {ChatTemplateError} the template's own words about the messages as they are.
 */
export function acceptableTo(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): readonly ChatMessage[] {
  try {
    template.render(messages, options);
    return messages;
  } catch (error) {
    const folded = foldSystem(messages);
    if (!(error instanceof ChatTemplateError) || folded === null) throw error;
    try {
      template.render(folded, options);
      return folded;
    } catch {
      throw error;
    }
  }
}

/** `null` when there is no system message, or no question after one. */
function foldSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] | null {
  const folded: ChatMessage[] = [];
  let waiting: readonly string[] = [];
  for (const message of messages) {
    const {role, content} = message;
    if (role === 'system') waiting = [...waiting, content];
    else if (role === 'user') {
      folded.push({role, content: [...waiting, content].join('\n\n')});
      waiting = [];
    } else folded.push(message);
  }
  return waiting.length > 0 || folded.length === messages.length ? null : folded;
}
