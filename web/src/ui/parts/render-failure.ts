import {html, nothing, type TemplateResult} from 'lit';
import type {Failure} from '../../ports/explain-failure.ts';

/** What failed, in place of what was wanted: read out at once, with a way on where there is a link for it. */
export function renderFailure({code, sentence, nextStep}: Failure): TemplateResult {
  return html`
    <div class="alarm" role="alert">
      <p>${sentence}</p>
      ${nextStep === 'reload' ? html`<p><a href="">Reload the page</a></p>` : nothing}
      ${
        code === 'MODEL_UNKNOWN' || code === 'ADDRESS_UNREADABLE'
          ? html`<p><a href="../">Open the page without it</a></p>`
          : nothing
      }
      <p class="quiet">Code: ${code}</p>
    </div>
  `;
}
