import type {PinnedVersion} from '../widget/build/pin-version.ts';
import {attributesOf, SNIPPET_ATTRIBUTES, snippetOf, type SnippetChoices} from './snippet.ts';

/** The page `examples/index.html`: the snippet for what is chosen there, and how it looks. */
const siteUrl = new URL('../', location.href).href;
const find = <E extends Element>(id: string, type: new () => E): E => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`The page has no "${id}"`);
  return found;
};
const form = find('choices', HTMLFormElement);
const code = find('snippet', HTMLElement);
const preview = find('preview', HTMLElement);
const copied = find('copied', HTMLOutputElement);
const pin = find('pin', HTMLInputElement);
let pinned: PinnedVersion | null = null;

form.addEventListener('input', show);
find('copy', HTMLButtonElement).addEventListener('click', () => void copy());
show();
void readVersion();

function show(): void {
  const choices = readChoices();
  copied.value = '';
  const attributes = attributesOf(choices);
  for (const name of SNIPPET_ATTRIBUTES) {
    const value = attributes[name];
    if (value === undefined) preview.removeAttribute(name);
    else preview.setAttribute(name, value);
  }
  code.textContent = snippetOf(choices, {siteUrl, pinned: pin.checked ? pinned : null});
}

function readChoices(): SnippetChoices {
  const data = new FormData(form);
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  const theme = text('theme');
  return {
    mode: text('mode') === 'floating' ? 'floating' : 'inline',
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    heading: text('heading'),
    suggestions: text('suggestions'),
  };
}

/** Nobody can be bound to a version before it is known. */
async function readVersion(): Promise<void> {
  const response = await fetch(`${siteUrl}widget.json`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Built together with this page.
  pinned = (await response.json()) as PinnedVersion;
  pin.disabled = false;
}

/** Where the browser copies nothing, the snippet is selected, to be copied by hand. */
async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(code.textContent);
    copied.value = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(code);
    copied.value = 'Selected: copy it from here';
  }
}
