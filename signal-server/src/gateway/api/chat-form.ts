import type {AnswerForm, ChoiceText, Heading, ShowToken} from './answer-form.ts';

/** Chat completions. @param show `null`: no log-probabilities were asked for. */
export function chatForm(show: ShowToken | null): AnswerForm {
  const logprobs = ({tokens}: ChoiceText) => (show === null ? null : logprobsOf(tokens, show));
  return {
    whole: (heading, choices, usage) => ({
      ...heading,
      object: 'chat.completion',
      choices: choices.map((choice) => ({
        index: choice.index,
        message: {role: 'assistant', content: choice.text, refusal: null, annotations: []},
        logprobs: logprobs(choice),
        finish_reason: choice.finishReason,
      })),
      usage,
    }),
    opening: (heading, index) =>
      chunk(heading, [
        {index, delta: {role: 'assistant', content: ''}, logprobs: null, finish_reason: null},
      ]),
    chunk: (heading, choice) =>
      chunk(heading, [
        {
          index: choice.index,
          delta: choice.finishReason === null ? {content: choice.text} : {},
          logprobs: choice.finishReason === null ? logprobs(choice) : null,
          finish_reason: choice.finishReason,
        },
      ]),
    usageChunk: (heading, usage) => ({...chunk(heading, []), usage}),
  };
}

function chunk(heading: Heading, choices: readonly object[]): object {
  return {...heading, object: 'chat.completion.chunk', choices};
}

function logprobsOf(tokens: ChoiceText['tokens'], show: ShowToken): object {
  const entry = (id: number, logprob: number) => {
    const {text, bytes} = show(id);
    return {token: text, logprob, bytes};
  };
  return {
    content: tokens.map(({id, logprob, top}) => ({
      ...entry(id, logprob),
      top_logprobs: top.map((other) => entry(other.id, other.logprob)),
    })),
    refusal: null,
  };
}
