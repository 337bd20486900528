import {css} from 'lit';

/** What all elements of the page have in common: buttons, headings, focus, and text for ears only. */
export const controlStyles = css`
  :host {
    display: block;
  }
  * {
    box-sizing: border-box;
  }
  h2 {
    margin: 0;
    font: 600 1.3rem/1.3 var(--weft-serif);
  }
  p {
    margin: 0;
  }
  button {
    font: inherit;
    font-weight: 600;
    min-height: 2.75rem;
    padding: 0.5rem 1.2rem;
    border: 1px solid var(--weft-madder);
    border-radius: var(--weft-radius);
    background: var(--weft-madder);
    color: var(--weft-on-accent);
    cursor: pointer;
    transition: filter 0.15s;
  }
  button:hover:not([aria-disabled='true']) {
    filter: brightness(1.12);
  }
  button.plain {
    background: transparent;
    color: var(--weft-madder);
  }
  button.small {
    min-height: var(--weft-target, 2rem);
    padding: 0.2rem 0.75rem;
    font-size: 0.875rem;
  }
  button[aria-disabled='true'] {
    background: transparent;
    border-color: var(--weft-edge);
    color: var(--weft-quiet);
    cursor: default;
  }
  :focus-visible {
    outline: 3px solid var(--weft-indigo);
    outline-offset: 2px;
  }
  .quiet {
    color: var(--weft-quiet);
    font-size: 0.875rem;
  }
  .figure {
    font-variant-numeric: tabular-nums;
  }
  .alarm {
    padding: 0.75rem 1rem;
    border-inline-start: 3px solid var(--weft-alarm);
    background: var(--weft-alarm-wash);
    overflow-wrap: anywhere;
  }
  .for-ears {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (forced-colors: active) {
    button {
      background: ButtonFace;
      color: ButtonText;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
