import {html, render} from 'lit';
import {explainFailure} from '../chat/explain-failure.ts';

/** Says, in place of the page, why its address cannot be read. */
export function renderRefusal(error: unknown, body: HTMLElement): void {
  const page = html`
    <main>
      <h1>Weft</h1>
      <p role="alert">
        ${explainFailure(error).sentence}
        <a href="./">Open the page without it</a>.
      </p>
    </main>
  `;
  render(page, body);
}
