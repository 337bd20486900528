import type {WidgetServices, WidgetTarget} from '../../ports/widget-services.ts';
import {WeftChat} from '../../ui/widget/weft-chat.ts';
import {widgetServices} from './open-widget-services.ts';

/**
 * Composition root of the widget: defines `<weft-chat>`.
 *
 * @param scriptFolder where the script came from, which is the server unless a widget names another.
 */
export function defineChat(scriptFolder: string): void {
  if (customElements.get('weft-chat') !== undefined) return;
  const open = widgetServices(scriptFolder);
  class Chat extends WeftChat {
    protected override openServices(target: WidgetTarget): WidgetServices {
      return open(target);
    }
  }
  customElements.define('weft-chat', Chat);
}
