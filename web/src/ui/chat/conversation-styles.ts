import {css} from 'lit';

export const conversationStyles = css`
  :host {
    display: grid;
    gap: 1rem;
  }
  .log {
    display: grid;
    gap: 1rem;
  }
  .turns {
    display: grid;
    gap: 1.6rem;
  }
  .examples {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .examples button {
    min-height: var(--weft-target, 2.2rem);
    font-weight: 400;
    text-align: start;
  }
  .next {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
  }
  .ask {
    display: grid;
    grid-template-columns: 1fr auto;
    gap: 0.4rem 0.6rem;
    align-items: end;
  }
  textarea {
    font: inherit;
    line-height: 1.5;
    width: 100%;
    min-height: 2.75rem;
    max-height: 40vh;
    padding: 0.55rem 0.8rem;
    border: 1px solid var(--weft-edge);
    border-radius: var(--weft-radius);
    background: var(--weft-paper);
    color: inherit;
    resize: none;
    field-sizing: content;
  }
  textarea::placeholder {
    color: var(--weft-quiet);
    opacity: 1;
  }
  .ask button {
    min-width: 5.2rem;
  }
  .ask p {
    grid-column: 1 / -1;
  }
  /* Fingers find the button. */
  @media (pointer: coarse) {
    #how {
      visibility: hidden;
      height: 0;
    }
  }
  :host([contained]) {
    grid-template-rows: minmax(0, 1fr) auto;
    min-height: 0;
  }
  :host([contained]) .log {
    align-content: start;
    overflow-y: auto;
    overscroll-behavior: contain;
  }
`;
