import type {RefusalCode} from '#shared/protocol/control/refusal-code.ts';

/** Refusals that no person can do anything about: one tab did not understand another. */
const MISUNDERSTOOD =
  'Two tabs of the swarm did not understand each other: ask again, and reload the page if that does not help';
const OUT_OF_TOUCH =
  'A tab of the chain cannot be reached directly: a firewall, a VPN or a browser setting may block WebRTC on either side; try again, or try another network';

/** A sentence for each reason of an answer that broke off, but for the one that has numbers in it. */
const REFUSED: Readonly<Record<Exclude<RefusalCode, 'PROMPT_TOO_LONG'>, string>> = {
  VERSION_MISMATCH: 'This page and the tabs of the swarm have different versions: reload the page',
  WRONG_MODEL: 'The tabs of the chain hold another model: ask again',
  UNSUPPORTED: 'A tab of the chain cannot do this yet: ask again',
  NOT_SERVING: 'A tab of the chain gave its layers up: ask again',
  SESSIONS_FULL: 'A tab of the chain serves as many answers as it can: ask again in a minute',
  KV_FULL: 'A tab of the chain has no room for an answer of this length: ask again in a minute',
  QUEUE_FULL: 'A tab of the chain has too much to do: ask again in a minute',
  PEER_UNREACHABLE: OUT_OF_TOUCH,
  ONLY_RELAYED_PATH: OUT_OF_TOUCH,
  PEER_LEFT: 'A tab of the chain left before the answer was complete: ask again',
  ENGINE_LOST: 'The engine of a tab stopped while it served this answer: ask again',
  SESSION_EXPIRED: 'A tab of the chain stopped answering: ask again',
  SESSION_EXISTS: MISUNDERSTOOD,
  UNKNOWN_SESSION: MISUNDERSTOOD,
  MALFORMED_FRAME: MISUNDERSTOOD,
  MALFORMED_MESSAGE: MISUNDERSTOOD,
  MISADDRESSED: MISUNDERSTOOD,
  OUT_OF_ORDER: MISUNDERSTOOD,
  BAD_PAYLOAD: MISUNDERSTOOD,
};

const SITE_UNUSABLE =
  'The model description of this site cannot be used: reload the page, and tell whoever runs this site if that does not help';
const MODEL_UNUSABLE =
  "The model's own file cannot be used for chat: tell whoever runs this site, or choose another model";
const WRONG_NUMBERS =
  'This device computes wrong numbers for its layers, so none of them is served: try again, or lend another device';

const TOO_LITTLE_MEMORY =
  'There is not enough memory for this part of the model: lend less, or close other tabs and programs';

/** What to say for codes whose own words are for programs. */
export const SENTENCES: Readonly<Record<string, string>> = {
  ...REFUSED,
  OFFLINE: 'This device is offline: ask again when the network is back',
  PAGE_INCOMPLETE:
    'A part of this page could not be loaded: check the network, then ask again, and reload the page only if that does not help',
  TimeoutError: 'The swarm did not answer in time: check the network, then try again',
  BOOTSTRAP_FAILED: 'The signal server does not answer: check the network, then try again',
  SERVER_SILENT: 'The signal server does not answer: check the network, then try again',
  SERVER_LINK_LOST: 'The link to the signal server was lost: check the network, then try again',
  SERVER_SOCKET_FAILED:
    'The signal server answers, but no WebSocket to it can be opened: a proxy, a filter or an extension may block it',
  DIRECTORY_UNREACHABLE:
    'No signal server accepts the record of this tab: check the network, then try again',
  DIRECTORY_SILENT:
    'No signal server lists the tabs of the swarm: check the network, then try again',
  RECORD_OUTDATED: 'Another tab uses the identity of this one: close it, then try again',
  RECORD_STORE_FULL: 'The signal server has no room for another tab: try again in a minute',
  DIRECTORY_CLOSED: 'This tab has left the swarm: try again',
  TRANSPORT_CLOSED: 'This tab has left the swarm: try again',
  LINK_LOST: REFUSED.PEER_LEFT,
  FRAME_TOO_LARGE: MISUNDERSTOOD,
  WRONG_POSITION: MISUNDERSTOOD,
  BAD_STEP: MISUNDERSTOOD,
  TOKEN_UNKNOWN: MISUNDERSTOOD,
  CONTEXT_FULL:
    'The conversation is longer than the model can remember: shorten it, or begin a new one',
  MANIFEST_INVALID: SITE_UNUSABLE,
  MODEL_UNREADABLE: SITE_UNUSABLE,
  CHAT_TEMPLATE_FAILED: MODEL_UNUSABLE,
  SELF_TEST_FAILED: WRONG_NUMBERS,
  NOT_FINITE: WRONG_NUMBERS,
  ENGINES_DISAGREE: WRONG_NUMBERS,
  WEBGPU_UNAVAILABLE: 'This browser has no usable WebGPU: lend the CPU',
  OUT_OF_MEMORY: TOO_LITTLE_MEMORY,
  QuotaExceededError:
    'The browser has no room left to store anything for this page: free some space, then try again',
};

/** The same where a tab that lends failed, as far as it means something else there. */
export const LENDING_SENTENCES: Readonly<Record<string, string>> = {
  ENGINE_LOST:
    'The engine of this tab stopped three times in ten minutes: lend less, or close other tabs and programs',
  KV_FULL: TOO_LITTLE_MEMORY,
  PAGE_INCOMPLETE:
    'A part of this page could not be loaded: check the network, then lend again, and reload the page only if that does not help',
  OFFLINE: 'This device is offline: lending starts again when the network is back',
};

/** Errors that say themselves, in words for people, what happened and what to do. */
export const GOOD_SENTENCES: ReadonlySet<string> = new Set([
  'ADDRESS_UNREADABLE',
  'CATALOG_INVALID',
  'DOWNLOAD_FAILED',
  'FALLBACK_FAILED',
  'GOLDEN_ALTERED',
  'GOLDEN_TEST_FAILED',
  'GPU_SLOWER',
  'HEADER_ALTERED',
  'INSECURE_PAGE',
  'LAYERS_LOST',
  'LOCAL_NETWORK_DENIED',
  'MANIFEST_ALTERED',
  'MODEL_UNKNOWN',
  'MODEL_UNSUPPORTED',
  'NO_RELAY_PLACE',
  'PEER_LIED',
  'PROMPT_EMPTY',
  'PROMPT_TOO_LONG',
  'SERVER_UNREACHABLE',
  'SETTING_UNREADABLE',
  'SITE_UNREACHABLE',
  'SWARM_FULL',
  'TENSOR_ALTERED',
  'TEXT_UNSUPPORTED',
  'WEBRTC_MISSING',
  'WEBSOCKET_BLOCKED',
  'WEIGHTS_UNREACHABLE',
]);

/** What fails while the device has no network. */
export const NEEDS_NETWORK: ReadonlySet<string> = new Set([
  'BOOTSTRAP_FAILED',
  'DIRECTORY_SILENT',
  'DIRECTORY_UNREACHABLE',
  'DOWNLOAD_FAILED',
  'LAYERS_LOST',
  'LINK_LOST',
  'PAGE_INCOMPLETE',
  'PEER_LEFT',
  'PEER_UNREACHABLE',
  'SERVER_LINK_LOST',
  'SERVER_SILENT',
  'SERVER_SOCKET_FAILED',
  'SERVER_UNREACHABLE',
  'SITE_UNREACHABLE',
  'TimeoutError',
  'WEBSOCKET_BLOCKED',
  'WEIGHTS_UNREACHABLE',
]);
