import {createWeft} from '../../public/client.js';

const weft = createWeft();
const form = find('form', HTMLFormElement);
const question = find('input', HTMLInputElement);
const ask = find('#ask', HTMLButtonElement);
const stop = find('#stop', HTMLButtonElement);
const answer = find('output', HTMLOutputElement);

let asking = new AbortController();

ask.disabled = false;
stop.addEventListener('click', () => asking.abort());
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void show(question.value);
});

/** Shows the answer as it comes, until it is over or stopped. */
async function show(content: string): Promise<void> {
  asking = new AbortController();
  const {signal} = asking;
  answer.value = '';
  setAsking(true);
  try {
    const messages = [{role: 'user', content}] as const;
    for await (const text of weft.chat(messages, {signal})) answer.value += text;
  } catch (cause) {
    // The message of an error is for people; its detail.code is for programs.
    if (!signal.aborted)
      answer.value += ` ${cause instanceof Error ? cause.message : String(cause)}.`;
  }
  setAsking(false);
}

function setAsking(isAsking: boolean): void {
  ask.hidden = isAsking;
  stop.hidden = !isAsking;
}

function find<E extends Element>(selector: string, type: new () => E): E {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new TypeError(`The page has no "${selector}"`);
  return found;
}
