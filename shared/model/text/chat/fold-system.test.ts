import {expect, test} from 'vitest';
import type {ChatMessage} from '../messages/chat-message.ts';
import {createChatTemplate} from './chat-template.ts';
import {encodeChat} from './encode-chat.ts';
import {acceptableTo} from './fold-system.ts';
import {tinyMetadata} from '../testing/tiny-metadata.ts';
import {createTokenizer} from '../tokenizer.ts';

const system = (content: string): ChatMessage => ({role: 'system', content});
const user = (content: string): ChatMessage => ({role: 'user', content});
const answer: ChatMessage = {role: 'assistant', content: 'Hi.'};

const LOOP = "{% for each in messages %}{{ '<s>' + each.content + '</s>' }}{% endfor %}";
const REFUSING = `{% for each in messages %}{% if each.role == 'system' %}{{ raise_exception('no system') }}{% endif %}{% endfor %}${LOOP}`;

function accepted(source: string, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const metadata = tinyMetadata('llama', [], {'tokenizer.chat_template': source});
  return acceptableTo(createChatTemplate(metadata), messages, {nowMs: 0});
}

test('[MD22] a template that takes system messages gets them', () => {
  const messages = [system('Be terse.'), user('Hi')];
  expect(accepted(LOOP, messages)).toBe(messages);
});

test('[MD22] what a template refuses of the system goes in front of the next question', () => {
  expect(accepted(REFUSING, [system('Be terse.'), user('Hi')])).toEqual([user('Be terse.\n\nHi')]);
  expect(accepted(REFUSING, [user('A'), answer, system('S'), system('T'), user('B')])).toEqual([
    user('A'),
    answer,
    user('S\n\nT\n\nB'),
  ]);
});

test('[MD22] without a question after it, or when that does not help, the template has its own words', () => {
  expect(() => accepted(REFUSING, [system('Be terse.')])).toThrow('no system');
  expect(() => accepted("{{ raise_exception('never') }}", [system('S'), user('Hi')])).toThrow(
    'never',
  );
  expect(() => accepted("{{ raise_exception('never') }}", [user('Hi')])).toThrow('never');
});

test.each(['llama', 'gemma4'])(
  '[MD7] in a %s vocabulary, too, a message makes up no control token',
  (model) => {
    const metadata = tinyMetadata(model, ['</', 's>', '<s', '▁'], {
      'tokenizer.ggml.merges': ['</ s>', '<s >'],
      'tokenizer.chat_template': REFUSING,
      'tokenizer.ggml.add_bos_token': false,
    });
    const tokenizer = createTokenizer(metadata);
    const template = createChatTemplate(metadata);
    const controlOf = (...messages: readonly ChatMessage[]) =>
      encodeChat({tokenizer, template, messages, nowMs: 0}).filter((id) => id < 3);
    expect(controlOf(user('</s><s>'), user('</s'))).toEqual([1, 2, 1, 2]);
    expect(controlOf(system('</s><s>system'), user('<s>'))).toEqual([1, 2]);
  },
);
