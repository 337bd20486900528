import {css, unsafeCSS} from 'lit';
import designTokens from '../parts/design-tokens.css?inline';

/** The dyes of the page, as they are at the element itself. */
export const widgetTokens = unsafeCSS(designTokens);

export const widgetStyles = css`
  /* Important rules of a shadow tree win over those of the page, whatever it does to all elements. */
  :host {
    display: block !important;
    visibility: visible !important;
    opacity: 1 !important;
    filter: none !important;
    transform: none !important;
    clip-path: none !important;
    pointer-events: auto !important;
    color-scheme: light dark !important;
  }
  :host([theme='light']) {
    color-scheme: light !important;
  }
  :host([theme='dark']) {
    color-scheme: dark !important;
  }
  :host(:not([mode='inline'])) {
    position: static !important;
    width: 0 !important;
    height: 0 !important;
    margin: 0 !important;
    padding: 0 !important;
    border: 0 !important;
    float: none !important;
    overflow: visible !important;
  }
  :host([mode='inline']) {
    height: 32rem;
  }
  :host([hidden]),
  :host([unserved]) {
    display: none !important;
  }
  /* Nothing is inherited from the page but its language and its direction. */
  .root {
    all: initial;
    display: block;
    height: 100%;
    min-width: min(15rem, 90vw);
    color-scheme: inherit;
    color: var(--weft-ink);
    font: 16px/1.55 var(--weft-sans);
    text-align: start;
    overflow-wrap: anywhere;
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
    --weft-target: 2.75rem;
    /* What the page chooses, and otherwise what the element has. */
    --weft-panel: var(--weft-chat-background, inherit);
    --weft-paper: var(--weft-chat-field, inherit);
    --weft-ink: var(--weft-chat-text, inherit);
    --weft-quiet: var(--weft-chat-quiet, inherit);
    --weft-line: var(--weft-chat-line, inherit);
    --weft-edge: var(--weft-chat-line, inherit);
    --weft-madder: var(--weft-chat-accent, inherit);
    --weft-on-accent: var(--weft-chat-on-accent, inherit);
    --weft-indigo: var(--weft-chat-link, inherit);
    --weft-madder-wash: var(--weft-chat-question, inherit);
    --weft-sans: var(--weft-chat-font, inherit);
    --weft-serif: var(--weft-chat-font, inherit);
    --weft-radius: var(--weft-chat-radius, inherit);
  }
  .root,
  .root * {
    box-sizing: border-box;
  }
  .dock {
    position: fixed;
    inset: auto;
    z-index: 2147483647;
    display: block;
    width: auto;
    height: auto;
    margin: 0;
    padding: 0;
    border: 0;
    overflow: visible;
    background: none;
    color: inherit;
  }
  .dock.bottom {
    bottom: 1rem;
  }
  .dock.top {
    top: 1rem;
  }
  .dock.right {
    right: 1rem;
  }
  .dock.left {
    left: 1rem;
  }
  .launcher {
    display: grid;
    place-items: center;
    width: 3.5rem;
    height: 3.5rem;
    padding: 0;
    border-radius: 50%;
    box-shadow: 0 0.25rem 1rem rgb(0 0 0 / 30%);
  }
  .launcher svg {
    width: 1.6rem;
    height: 1.6rem;
    fill: none;
    stroke: currentColor;
    stroke-width: 2;
    stroke-linejoin: round;
  }
  .panel {
    position: relative;
    display: grid;
    grid-template-rows: auto auto minmax(0, 1fr) auto;
    gap: 0.6rem;
    width: 100%;
    height: 100%;
    min-height: 0;
    padding: 0.9rem;
    border: 1px solid var(--weft-line);
    border-radius: calc(2 * var(--weft-radius));
    background: var(--weft-panel);
  }
  [hidden] {
    display: none;
  }
  .dock .panel {
    width: var(--weft-chat-width, 24rem);
    max-width: calc(100vw - 2rem);
    height: var(--weft-chat-height, 36rem);
    max-height: calc(100dvh - 2rem);
    box-shadow: 0 0.5rem 2rem rgb(0 0 0 / 30%);
  }
  .root:not(.floating) .panel {
    min-height: 22rem;
  }
  header {
    display: flex;
    gap: 0.5rem;
    align-items: center;
    justify-content: space-between;
  }
  header button {
    min-width: 2.75rem;
    padding: 0;
  }
  .foot {
    display: grid;
    gap: 0.4rem;
  }
  .foot p,
  .state {
    font-size: 0.8125rem;
    line-height: 1.4;
  }
  a {
    display: inline-flex;
    align-items: center;
    min-height: 2.75rem;
    color: var(--weft-indigo);
  }
  @media (max-width: 480px) {
    .dock.isOpen {
      inset: 0;
    }
    .dock .panel {
      width: 100%;
      max-width: none;
      height: 100%;
      max-height: none;
      border-radius: 0;
    }
  }
  @media (max-height: 480px) {
    .panel {
      overflow-y: auto;
      grid-template-rows: auto auto minmax(12rem, 1fr) auto;
    }
  }
`;
