import type {AnswerForm, ChoiceText, Heading, ShowToken} from './answer-form.ts';

/** Plain completions. @param show `null`: no log-probabilities were asked for. */
export function completionForm(show: ShowToken | null): AnswerForm {
  const choiceOf = (choice: ChoiceText): object => ({
    index: choice.index,
    text: choice.text,
    logprobs: show === null ? null : logprobsOf(choice, show),
    finish_reason: choice.finishReason,
  });
  return {
    whole: (heading, choices, usage) => ({...completion(heading, choices.map(choiceOf)), usage}),
    opening: () => null,
    chunk: (heading, choice) => completion(heading, [choiceOf(choice)]),
    usageChunk: (heading, usage) => ({...completion(heading, []), usage}),
  };
}

function completion(heading: Heading, choices: readonly object[]): object {
  return {...heading, object: 'text_completion', choices};
}

function logprobsOf({tokens, offset}: ChoiceText, show: ShowToken): object {
  let at = offset;
  const offsets: number[] = [];
  for (const {id} of tokens) {
    offsets.push(at);
    at += show(id).text.length;
  }
  return {
    tokens: tokens.map(({id}) => show(id).text),
    token_logprobs: tokens.map(({logprob}) => logprob),
    top_logprobs: tokens.map(({top}) =>
      Object.fromEntries(top.map(({id, logprob}) => [show(id).text, logprob])),
    ),
    text_offset: offsets,
  };
}
