import type {AskLocalNetwork} from '../../node/swarm/local-network/local-network-access.ts';
import {localNetworkQuestion} from '../../ui/parts/local-network-question.ts';

/** Asks over the page, in its own element, whose styles the question has. Resolves with the answer. */
export const askLocalNetwork: AskLocalNetwork = async (hosts) => {
  const dialog = localNetworkQuestion(hosts);
  const closed = new Promise((resolve) => {
    dialog.addEventListener('close', resolve, {once: true});
  });
  (document.querySelector('weft-app')?.shadowRoot ?? document.body).append(dialog);
  dialog.showModal();
  await closed;
  dialog.remove();
  return dialog.returnValue === 'yes';
};
