import type {LendChoice} from '../../ports/model-card.ts';

/** Somebody wants to lend this tab. */
export class LendWantedEvent extends Event {
  static readonly type = 'weft-lend-wanted';

  constructor() {
    super(LendWantedEvent.type, {bubbles: true, composed: true});
  }
}

/** Somebody wants this tab to leave the swarm. */
export class StopWantedEvent extends Event {
  static readonly type = 'weft-stop-wanted';

  constructor() {
    super(StopWantedEvent.type, {bubbles: true, composed: true});
  }
}

/** Somebody chose how much memory to lend. */
export class ChoiceEvent extends Event {
  static readonly type = 'weft-choice';
  readonly choice: LendChoice;

  constructor(choice: LendChoice) {
    super(ChoiceEvent.type, {bubbles: true, composed: true});
    this.choice = choice;
  }
}

declare global {
  interface HTMLElementEventMap {
    [LendWantedEvent.type]: LendWantedEvent;
    [StopWantedEvent.type]: StopWantedEvent;
    [ChoiceEvent.type]: ChoiceEvent;
  }
}
