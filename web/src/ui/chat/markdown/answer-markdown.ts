import {guard} from 'lit/directives/guard.js';
import {MarkdownStream} from './markdown-stream.ts';
import {renderTokens} from './render-markdown.ts';

/** An answer that grows, as Lit templates: what is finished is made and compared once. */
export class AnswerMarkdown {
  readonly #stream = new MarkdownStream();

  /** Whether some text is still shown as it came. */
  get isBehind(): boolean {
    return this.#stream.isBehind;
  }

  catchUp(): void {
    this.#stream.catchUp();
  }

  /** @param text the whole answer so far. */
  render(text: string): readonly unknown[] {
    const {finished, open} = this.#stream.update(text);
    const groups = finished.map((group) =>
      guard([group, group.length], () =>
        group.map((block) => guard([block], () => renderTokens(block))),
      ),
    );
    return [groups, renderTokens(open)];
  }
}
