import {WeftError} from '../base/errors.ts';

type Detail = {readonly code: 'PROMPT_UNKNOWN_TOKEN'; readonly vocabularySize: number};

/** The prompt is made of ids, and some of them are no tokens of the model. */
export class PromptUnknownTokenError extends WeftError<Detail> {
  override readonly name = 'PromptUnknownTokenError';

  constructor(vocabularySize: number) {
    super(
      {code: 'PROMPT_UNKNOWN_TOKEN', vocabularySize},
      `The prompt has a token id that the model does not know: ids are from 0 to ${vocabularySize - 1}`,
    );
  }
}
