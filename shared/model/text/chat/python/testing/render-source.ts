import {parseTemplate} from '../syntax/parse-template.ts';
import {renderTemplate} from '../../render-template.ts';

/** What a template writes for a chat of one message; at the beginning of Unix time, unless another is given. */
export function render(source: string, variables: object = {}, nowMs = 0): string {
  return renderTemplate(parseTemplate(source), {...variables}, {messageCount: 1, nowMs});
}
