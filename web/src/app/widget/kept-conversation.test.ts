import {expect, test} from 'vitest';
import {keepConversation} from './kept-conversation.ts';

const MESSAGES = [
  {role: 'user', content: 'Hello?'},
  {role: 'assistant', content: 'Hello!'},
] as const;

function memoryStorage(entries: Map<string, string> = new Map()): Storage {
  return {
    get length() {
      return entries.size;
    },
    key: (at) => [...entries.keys()][at] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
    clear: () => {
      entries.clear();
    },
  };
}

test('[WE6] what was written is read, until it is deleted', () => {
  const storage = memoryStorage();
  const kept = keepConversation('one', () => storage);
  kept.write(MESSAGES);
  expect(keepConversation('one', () => storage).read()).toEqual(MESSAGES);
  expect(keepConversation('other', () => storage).read()).toEqual([]);
  kept.delete();
  expect(kept.read()).toEqual([]);
  expect(storage.length).toBe(0);
});

test.each(['no JSON', '{}', '[1]', '[{"role":"system","content":"x"}]', '[{"role":"user"}]'])(
  '[WS3] %s in the storage counts as no conversation',
  (text) => {
    const storage = memoryStorage(new Map([['one', text]]));
    expect(keepConversation('one', () => storage).read()).toEqual([]);
  },
);

test('[WS3] a browser that blocks its storage keeps none, and nothing throws', () => {
  const kept = keepConversation('one', () => {
    throw new DOMException('Denied', 'SecurityError');
  });
  kept.write(MESSAGES);
  kept.delete();
  expect(kept.read()).toEqual([]);
});
