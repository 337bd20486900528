import {html, render} from 'lit';

/**
 * What the browser will ask, and why, before it does: a dialog whose value is `yes` when it is closed
 * by that button, and not by the other or by the Escape key. Its styles are those of where it is put.
 */
export function localNetworkQuestion(hosts: readonly string[]): HTMLDialogElement {
  const dialog = document.createElement('dialog');
  dialog.ariaLabel = 'Use a server in your local network?';
  Object.assign(dialog.style, {maxWidth: '30rem', padding: '1.6rem'});
  const content = html`
    <form method="dialog">
      <h2>Use a server in your local network?</h2>
      <p>
        This swarm has a server in your own network too: ${hosts.join(', ')}. If you continue, your
        browser asks whether this page may reach devices there. The page contacts that server, and
        tabs of this swarm.
      </p>
      <p>Without it you can ask and lend as well, over the server of this page.</p>
      <button value="yes">Continue</button>
      <button value="no" class="plain">Not now</button>
    </form>
  `;
  render(content, dialog);
  return dialog;
}
