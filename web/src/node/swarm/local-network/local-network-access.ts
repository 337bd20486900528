import {WeftError} from '#shared/base/errors.ts';
import {Listeners} from '#shared/base/listeners.ts';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import {hostOf, isMorePrivate, spaceOfHost, type AddressSpace} from './address-space.ts';

/** As the browser answers; `null`: it knows no such permission, so it never asks for it. */
export type QueryPermission = (name: string) => Promise<PermissionState | null>;

/** Asks a person, in words and before the browser does, whether this page may reach these hosts. */
export type AskLocalNetwork = (hosts: readonly string[]) => Promise<boolean>;

type Options = {
  /** Of the page, as in its address. */
  readonly pageHost: string;
  readonly queryPermission: QueryPermission;
  /** `null`: nobody explains it, the browser just asks. */
  readonly ask: AskLocalNetwork | null;
};

class LocalNetworkDeniedError extends WeftError<{
  readonly code: 'LOCAL_NETWORK_DENIED';
  readonly host: string;
}> {
  override readonly name = 'LocalNetworkDeniedError';
}

/** The names under which Chrome knows the permission, from 145 on and before. */
const PERMISSIONS: Readonly<Record<Exclude<AddressSpace, 'public'>, readonly string[]>> = {
  local: ['local-network', 'local-network-access'],
  loopback: ['loopback-network', 'local-network-access'],
};

/**
 * Whether this page may reach servers on more private addresses than its own: browsers ask the
 * person first, and call it "local network access". A page that is itself on such an address
 * needs nobody's leave.
 */
export class LocalNetworkAccess {
  readonly #options: Options;
  readonly #allowed = new Listeners();
  /** What the person answered; `null` while nobody was asked, or has not answered yet. */
  #answer: boolean | null = null;
  #isAsking = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Calls `listener` when the person has agreed to more than before. */
  onAllowed(listener: () => void): () => void {
    return this.#allowed.add(listener);
  }

  /** @throws {LocalNetworkDeniedError} when the browser refuses to let this page reach `url`. */
  async require(url: string): Promise<void> {
    const {hostname: host} = new URL(url);
    if ((await this.#stateOf(host)) !== 'denied') return;
    throw new LocalNetworkDeniedError(
      {code: 'LOCAL_NETWORK_DENIED', host},
      `Cannot join the swarm: its server ${host} is in your local network, which this browser keeps the page from; allow "Local network access" in the browser's settings for this site, then try again`,
    );
  }

  /**
   * The servers that this page may contact now, each at the addresses that it may. Others cost
   * nobody a wait: the person is asked meanwhile, and `onAllowed` tells.
   */
  async reachable(servers: readonly NamedServer[]): Promise<readonly NamedServer[]> {
    const unasked = new Set<string>();
    const reachable: NamedServer[] = [];
    for (const {peerId, addresses} of servers) {
      const open: string[] = [];
      for (const address of addresses) {
        const host = hostOf(address);
        const state = await this.#stateOf(host);
        if (state === 'granted' || (state === 'prompt' && this.#mayPrompt())) open.push(address);
        else if (state === 'prompt' && this.#answer === null) unasked.add(host);
      }
      if (open.length > 0) reachable.push({peerId, addresses: open});
    }
    if (unasked.size > 0) void this.#askFor([...unasked]);
    return reachable;
  }

  #mayPrompt(): boolean {
    return this.#options.ask === null || this.#answer === true;
  }

  async #stateOf(host: string): Promise<PermissionState> {
    const {pageHost, queryPermission} = this.#options;
    const space = spaceOfHost(host);
    if (space === 'public' || !isMorePrivate(space, spaceOfHost(pageHost))) return 'granted';
    for (const name of PERMISSIONS[space]) {
      const state = await queryPermission(name);
      if (state !== null) return state;
    }
    return 'granted';
  }

  async #askFor(hosts: readonly string[]): Promise<void> {
    if (this.#isAsking || this.#options.ask === null) return;
    this.#isAsking = true;
    this.#answer = await this.#options.ask(hosts);
    this.#isAsking = false;
    if (this.#answer) this.#allowed.call();
  }
}
