import {LitElement} from 'lit';
import {property} from 'lit/decorators.js';
import type {OwnWidgetStrings} from './widget-strings.ts';

/** What the owner of a page can set on a widget, by attribute or by property. */
export abstract class WidgetSettings extends LitElement {
  @property()
  server = '';

  @property()
  model = '';

  /** `inline` fills the place where it is; anything else floats above the page. */
  @property({reflect: true, useDefault: true})
  mode = 'floating';

  @property({type: Boolean, attribute: 'open', reflect: true, useDefault: true})
  isOpen = false;

  /** A corner: `bottom-right`, `bottom-left`, `top-right` or `top-left`. */
  @property()
  position = 'bottom-right';

  @property()
  heading = '';

  @property()
  placeholder = '';

  @property({attribute: 'system-prompt'})
  systemPrompt = '';

  /** One a line. */
  @property()
  suggestions = '';

  /** `ask`: offers the page on which a tab is lent. */
  @property()
  lend = 'never';

  @property({reflect: true, useDefault: true})
  theme = 'auto';

  @property({reflect: true, useDefault: true})
  override lang = '';

  @property()
  fallback = '';

  @property({type: Boolean, attribute: 'hide-when-unserved'})
  hideWhenUnserved = false;

  @property({type: Boolean})
  keep = false;

  /** In place of those of its language. */
  @property({attribute: false})
  strings: OwnWidgetStrings = {};

  get isFloating(): boolean {
    return this.mode !== 'inline';
  }

  get suggestionLines(): readonly string[] {
    const lines = this.suggestions.split('\n').map((line) => line.trim());
    return lines.filter((line) => line !== '');
  }
}
