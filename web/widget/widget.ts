/**
 * Entry of the widget: `/widget.js`. All else is in files named by their content, so that this one
 * can be asked for by any address, also by several of them on one page.
 */
const folder = new URL(/* @vite-ignore */ './', import.meta.url).href;

if (customElements.get('weft-chat') === undefined) void load();

async function load(): Promise<void> {
  try {
    const {defineChat} = await import('../src/app/widget/define-chat.ts');
    defineChat(folder);
  } catch (error) {
    // The page goes on, and shows what it has put inside the tag: this is for its owner.
    // oxlint-disable-next-line no-console
    console.error('The chat of this page could not be loaded:', error);
  }
}
