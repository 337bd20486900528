import {WeftError} from '../../../base/errors.ts';

type Detail = {readonly code: 'CHAT_TEMPLATE_FAILED'; readonly reason: string};

/** The model's template is missing or broken, or does not take these messages. */
export class ChatTemplateError extends WeftError<Detail> {
  override readonly name = 'ChatTemplateError';

  constructor(reason: string, options?: ErrorOptions) {
    super(
      {code: 'CHAT_TEMPLATE_FAILED', reason},
      `Cannot apply the model's chat template: ${reason}`,
      options,
    );
  }
}
