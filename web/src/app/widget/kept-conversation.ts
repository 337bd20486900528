import type {ChatMessage} from '../../ports/chat-service.ts';
import type {KeptConversation} from '../../ports/widget-services.ts';
import {attemptStorage} from '../../ui/controllers/attempt-storage.ts';

/** A conversation under one key of the browser's storage. */
export function keepConversation(key: string, storage: () => Storage): KeptConversation {
  return {
    read: () => attemptStorage(() => readMessages(storage().getItem(key))) ?? [],
    write: (messages) => {
      attemptStorage(() => {
        storage().setItem(key, JSON.stringify(messages));
      });
    },
    delete: () => {
      attemptStorage(() => {
        storage().removeItem(key);
      });
    },
  };
}

/** What somebody else wrote under the key counts as nothing. */
function readMessages(text: string | null): readonly ChatMessage[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) && kept.every(isMessage) ? kept : [];
  } catch {
    return [];
  }
}

function isMessage(value: unknown): value is ChatMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'role' in value &&
    (value.role === 'user' || value.role === 'assistant') &&
    'content' in value &&
    typeof value.content === 'string'
  );
}
