import {html, nothing, type TemplateResult} from 'lit';
import type {Failure} from '../../ports/explain-failure.ts';

type Besides = {
  readonly codeLine?: string;
  /** Ways on; by default, those of the page itself. */
  readonly links?: TemplateResult | typeof nothing;
};

/** What failed, in place of what was wanted: read out at once, with a way on where there is a link for it. */
export function renderFailure(
  failure: Failure,
  {codeLine = `Code: ${failure.code}`, links = renderLinks(failure)}: Besides = {},
): TemplateResult {
  return html`
    <div class="alarm" role="alert">
      <p>${failure.sentence}</p>
      ${links}
      <p class="quiet">${codeLine}</p>
    </div>
  `;
}

function renderLinks({code, nextStep}: Failure): TemplateResult | typeof nothing {
  if (nextStep === 'reload') return html`<p><a href="">Reload the page</a></p>`;
  return code === 'MODEL_UNKNOWN' || code === 'ADDRESS_UNREADABLE'
    ? html`<p><a href="../">Open the page without it</a></p>`
    : nothing;
}
