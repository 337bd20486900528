import {expect, test} from 'vitest';
import {ChosenStrings, registerStrings} from './chosen-strings.ts';
import type {OwnWidgetStrings} from './widget-strings.ts';

/** A widget in a page of some language, and how often it was asked to render. */
function widget(
  lang: string,
  {pageLang = 'en', strings = {}}: {pageLang?: string; strings?: OwnWidgetStrings} = {},
) {
  const around: Pick<Element, 'getAttribute'> = {getAttribute: () => pageLang};
  const host = {
    lang,
    strings,
    updateCount: 0,
    closest: () => around,
    addController: () => undefined,
    removeController: () => undefined,
    requestUpdate: () => (host.updateCount += 1),
    updateComplete: Promise.resolve(true),
  };
  return {host, chosen: new ChosenStrings(host)};
}

test('[WI3] strings are those of the widget, its language, the language without a region, English', () => {
  registerStrings('de', {open: 'Öffnen', close: 'Schließen'});
  registerStrings('de-at', {open: 'Aufmachen'});
  expect(widget('').chosen.get('open')).toBe('Open the chat');
  expect(widget('de-CH').chosen.get('open')).toBe('Öffnen');
  expect(widget('de-AT').chosen.get('open')).toBe('Aufmachen');
  expect(widget('', {pageLang: 'de'}).chosen.get('close')).toBe('Schließen');
  expect(widget('', {pageLang: 'de'}).chosen.get('welcome')).toBe('Ask anything.');
  expect(widget('de', {strings: {open: 'Auf'}}).chosen.get('open')).toBe('Auf');
});

test('[WI3] the language of the strings is that of the text, whatever the page says', () => {
  expect(widget('fr').chosen.lang).toBe('en');
  expect(widget('DE').chosen.lang).toBe('de');
  expect(() => registerStrings('no language', {})).toThrow(RangeError);
});

test('[WI3] strings that come late are shown by widgets that are there', () => {
  const {host, chosen} = widget('nl');
  chosen.hostConnected();
  registerStrings('nl', {open: 'Openen'});
  expect(host.updateCount).toBe(1);
  chosen.hostDisconnected();
  registerStrings('nl', {open: 'Open'});
  expect(host.updateCount).toBe(1);
});
