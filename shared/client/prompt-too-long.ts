import {WeftError} from '../base/errors.ts';

type Detail = {
  readonly code: 'PROMPT_TOO_LONG';
  readonly promptTokens: number;
  /** The longest answer that was asked for. */
  readonly newTokens: number;
  /** Prompt and answer together, the most that some chain of tabs has room for. */
  readonly mostTokens: number;
};

/** No chain of tabs could hold this request, also if it had all of them for itself. */
export class PromptTooLongError extends WeftError<Detail> {
  override readonly name = 'PromptTooLongError';

  constructor(detail: Omit<Detail, 'code'>) {
    const {promptTokens, newTokens, mostTokens} = detail;
    super(
      {code: 'PROMPT_TOO_LONG', ...detail},
      `The prompt is too long: ${promptTokens} tokens and an answer of up to ${newTokens}, while the tabs of this swarm have room for ${mostTokens} together; shorten it, or ask for a shorter answer`,
    );
  }
}
