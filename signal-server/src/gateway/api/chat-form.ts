import type {AnswerForm, CallText, ChoiceText, Heading, ShowToken} from './answer-form.ts';

/** Chat completions. @param show `null`: no log-probabilities were asked for. */
export function chatForm(show: ShowToken | null): AnswerForm {
  const logprobs = ({tokens}: ChoiceText) => (show === null ? null : logprobsOf(tokens, show));
  return {
    whole: (heading, choices, usage) => ({
      ...heading,
      object: 'chat.completion',
      choices: choices.map((choice) => ({
        index: choice.index,
        message: {
          role: 'assistant',
          content: choice.text === '' && choice.calls.length > 0 ? null : choice.text,
          refusal: null,
          annotations: [],
          ...(choice.calls.length > 0 && {tool_calls: choice.calls.map(callOf)}),
        },
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
          delta: deltaOf(choice),
          logprobs:
            choice.finishReason === null && choice.calls.length === 0 ? logprobs(choice) : null,
          finish_reason: choice.finishReason,
        },
      ]),
    usageChunk: (heading, usage) => ({...chunk(heading, []), usage}),
  };
}

function callOf({opening, arguments: json}: CallText): object {
  return {id: opening?.id, type: 'function', function: {name: opening?.name, arguments: json}};
}

function deltaOf({text, calls, finishReason}: ChoiceText): object {
  if (finishReason !== null) return {};
  if (calls.length === 0) return {content: text};
  return {
    tool_calls: calls.map((call) => ({
      index: call.callIndex,
      ...(call.opening === null ? {function: {arguments: call.arguments}} : callOf(call)),
    })),
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
