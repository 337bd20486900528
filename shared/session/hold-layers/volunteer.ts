import {stepVolunteer} from './step-volunteer.ts';
import type {Status, VolunteerAction, VolunteerEvent, VolunteerState} from './volunteer-state.ts';

/**
 * Keeps the state of one volunteer for its driver: one event after the other, each with all that
 * it asks for, also when doing that brings the next event.
 */
export class Volunteer {
  readonly #act: (action: VolunteerAction) => void;
  readonly #waiting: VolunteerEvent[] = [];
  #state: VolunteerState;
  #isBusy = false;

  /** @param act does what one action says; must not throw. */
  constructor(begin: VolunteerState, act: (action: VolunteerAction) => void) {
    this.#state = begin;
    this.#act = act;
  }

  get status(): Status {
    return this.#state.status;
  }

  tell(event: VolunteerEvent): void {
    this.#waiting.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const {state, actions} = stepVolunteer(this.#state, next);
        this.#state = state;
        for (const action of actions) this.#act(action);
      }
    } finally {
      // A driver that breaks its word fails at this event, and not in silence at all that come.
      this.#isBusy = false;
    }
  }
}
