import type {ReactiveController, ReactiveControllerHost} from 'lit';
import {ENGLISH_WIDGET, type OwnWidgetStrings} from './widget-strings.ts';

/** What pages have registered, by language tag in lower case. */
const languages = new Map<string, OwnWidgetStrings>();
/** Widgets that are on a page now. */
const hosts = new Set<ReactiveControllerHost>();

/**
 * Makes all widgets of a language speak it; what is left out stays in English.
 *
 * @throws {RangeError} when `lang` is no BCP 47 tag.
 */
export function registerStrings(lang: string, strings: OwnWidgetStrings): void {
  const [tag = lang] = Intl.getCanonicalLocales(lang);
  languages.set(tag.toLowerCase(), {...strings, lang: tag});
  for (const host of hosts) host.requestUpdate();
}

type Host = ReactiveControllerHost &
  Pick<Element, 'closest'> & {readonly lang: string; readonly strings: OwnWidgetStrings};

/** The strings of one widget: its own, those of its language, English. */
export class ChosenStrings implements ReactiveController {
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    hosts.add(this.#host);
  }

  hostDisconnected(): void {
    hosts.delete(this.#host);
  }

  get all(): OwnWidgetStrings {
    return {...this.#ofLanguage(), ...this.#host.strings, lang: this.lang};
  }

  /** Of the strings, which may be another than the page's. */
  get lang(): string {
    return this.#ofLanguage().lang ?? 'en';
  }

  get(what: keyof typeof ENGLISH_WIDGET): string {
    return this.#host.strings[what] ?? this.#ofLanguage()[what] ?? ENGLISH_WIDGET[what];
  }

  /** By the widget's own language, or that of the nearest element around it that has one: `de-AT`, else `de`. */
  #ofLanguage(): OwnWidgetStrings {
    const own = this.#host.lang || this.#host.closest('[lang]')?.getAttribute('lang');
    const lang = (own ?? '').toLowerCase();
    return languages.get(lang) ?? languages.get(lang.replace(/-.*/u, '')) ?? {};
  }
}
