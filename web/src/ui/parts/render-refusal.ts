import {html, render} from 'lit';
import {explainFailure} from '../../ports/explain-failure.ts';
import {renderFailure} from './render-failure.ts';

/** Says, in place of the page, why there is none. */
export function renderRefusal(error: unknown, body: HTMLElement): void {
  const page = html`
    <main>
      <h1>Weft</h1>
      ${renderFailure(explainFailure(error, {doing: 'asking', isOnline: true}))}
    </main>
  `;
  render(page, body);
}
