import type {ReactiveController} from 'lit';

/** A view of something that grows, such as an answer. */
export type GrowingView = {
  isGrowing(): boolean;
  /** How far the end is below what the reader sees; lays all of it out. */
  belowPx(): number;
  /** How far the reader has scrolled. */
  scrolledPx(): number;
  scrollToEnd(): void;
};

/** A reader whose view ends this near to the end follows it. */
const FOLLOW_WITHIN_PX = 120;

/**
 * Keeps the end in view for a reader who is there, once per frame: an answer has many tokens
 * in a frame, and each look at where it ends lays the whole of it out.
 */
export class FollowController implements ReactiveController {
  readonly #view: GrowingView;
  readonly #inFrame: (then: () => void) => void;
  #isPlanned = false;

  constructor(view: GrowingView, inFrame: (then: () => void) => void) {
    this.#view = view;
    this.#inFrame = inFrame;
  }

  hostUpdate(): void {
    const view = this.#view;
    if (this.#isPlanned || !view.isGrowing()) return;
    this.#isPlanned = true;
    const scrolledPx = view.scrolledPx();
    const isAtEnd = view.belowPx() < FOLLOW_WITHIN_PX;
    this.#inFrame(() => {
      this.#isPlanned = false;
      // Whoever scrolls up meanwhile wants to leave.
      if (isAtEnd && view.scrolledPx() >= scrolledPx) view.scrollToEnd();
    });
  }
}
