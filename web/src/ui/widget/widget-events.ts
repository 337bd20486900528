import type {SwarmState} from './swarm-state.ts';

/** What pages hear of a widget, and what each event says. */
export type WidgetEvents = {
  'weft-open': null;
  'weft-close': null;
  /** A question was sent, or an answer is complete. */
  'weft-message': {readonly role: 'user' | 'assistant'; readonly content: string};
  'weft-token': {readonly text: string};
  'weft-error': {readonly code: string; readonly message: string};
  'weft-state': SwarmState;
};

/** They bubble, and leave the shadow trees around the widget. */
export function widgetEvent<Type extends keyof WidgetEvents>(
  type: Type,
  detail: WidgetEvents[Type],
): CustomEvent<WidgetEvents[Type]> {
  return new CustomEvent(type, {detail, bubbles: true, composed: true});
}
