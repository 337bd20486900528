import type {AnswerPart} from './read-answer.ts';
import type {CallForm} from '../grammar/grammar-messages.ts';
import {CallReader, type CallPart} from '../tools/call-reader.ts';

/** An answer whose calls are parts of their own. Log-probabilities are of text only. */
export async function* readCalls(
  parts: AsyncIterable<AnswerPart>,
  {forms, newCallId}: {readonly forms: readonly CallForm[]; readonly newCallId: () => string},
): AsyncGenerator<AnswerPart, void, undefined> {
  const reader = new CallReader(forms);
  let calls = 0;
  const toPart = (
    part: CallPart,
    tokens: Extract<AnswerPart, {kind: 'text'}>['tokens'],
  ): AnswerPart => {
    switch (part.kind) {
      case 'text':
        return {kind: 'text', text: part.text, tokens};
      case 'call':
        calls += 1;
        return {kind: 'call', callIndex: calls - 1, id: newCallId(), name: part.name};
      default:
        return {kind: 'arguments', callIndex: calls - 1, text: part.text};
    }
  };
  for await (const part of parts) {
    if (part.kind === 'text') {
      for (const piece of reader.push(part.text)) yield toPart(piece, part.tokens);
    } else if (part.kind === 'end') {
      for (const piece of reader.end()) yield toPart(piece, []);
      const isCalling = calls > 0 && part.finishReason === 'stop';
      yield isCalling ? {...part, finishReason: 'tool_calls'} : part;
    } else yield part;
  }
}
