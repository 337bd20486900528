import type {ConversationChange} from '../controllers/conversation-controller.ts';

/** What a person or an answer did in a conversation. */
export class ConversationEvent extends Event {
  static readonly type = 'weft-conversation-change';
  readonly change: ConversationChange;

  constructor(change: ConversationChange) {
    super(ConversationEvent.type);
    this.change = change;
  }
}
