import type {PinnedVersion} from '../widget/build/pin-version.ts';

/** What somebody chooses for the widget on their page. */
export type SnippetChoices = {
  readonly mode: 'inline' | 'floating';
  readonly theme: 'auto' | 'light' | 'dark';
  readonly heading: string;
  /** One a line. */
  readonly suggestions: string;
};

export const SNIPPET_ATTRIBUTES = ['mode', 'theme', 'heading', 'suggestions'] as const;
type SnippetAttributes = {readonly [Name in (typeof SNIPPET_ATTRIBUTES)[number]]?: string};

/** The attributes that say it; what is the default is left out. */
export function attributesOf(choices: SnippetChoices): SnippetAttributes {
  const {mode, theme, heading, suggestions} = choices;
  return {
    ...(mode === 'inline' && {mode}),
    ...(theme !== 'auto' && {theme}),
    ...(heading.trim() !== '' && {heading: heading.trim()}),
    ...(suggestions.trim() !== '' && {suggestions: suggestions.trim()}),
  };
}

/**
 * The lines for a page that embeds the widget.
 *
 * @param siteUrl of the server, with a slash at the end.
 * @param pinned the version to which the page is bound; `null`: always the latest.
 */
export function snippetOf(
  choices: SnippetChoices,
  {siteUrl, pinned}: {readonly siteUrl: string; readonly pinned: PinnedVersion | null},
): string {
  const attributes = Object.entries(attributesOf(choices))
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
    .join('');
  const scripts = pinned === null ? scriptTag(`${siteUrl}widget.js`) : pinnedTags(siteUrl, pinned);
  return `${scripts}\n<weft-chat${attributes}></weft-chat>`;
}

const scriptTag = (url: string, integrity = ''): string =>
  `<script type="module" src="${escapeAttribute(url)}"${integrity}></script>`;

/** The import map has the hashes of what the script loads; its own tag has that of the script. */
function pinnedTags(siteUrl: string, {version, integrity}: PinnedVersion): string {
  const entry = `widget@${version}.js`;
  const hashes = Object.entries(integrity)
    .filter(([path]) => path !== entry && path.endsWith('.js'))
    .map(([path, hash]): [string, string] => [`${siteUrl}${path}`, hash]);
  const map = JSON.stringify({integrity: Object.fromEntries(hashes)}, null, 2);
  const checked = ` integrity="${integrity[entry]}" crossorigin`;
  return `<script type="importmap">\n${map}\n</script>\n${scriptTag(`${siteUrl}${entry}`, checked)}`;
}

const escapeAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
