import {createHash} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect} from '@playwright/test';
import type {Browser} from 'playwright';
import {asPeerId, type ManifestHash, type PeerId} from '#shared/base/ids.ts';
import {hashManifest} from '#shared/model/manifest/hash-manifest.ts';
import type {LabLendRequest, LendLoad} from '../../../web/src/node/lending/lab-lend.ts';
import type {TabControl} from '../../../web/src/app/tab-control.ts';
import {linkFolder} from '../../tools/machine/link-folder.ts';
import {prepareModel, type PreparedModel} from '../../tools/machine/model-file/prepare-model.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {buildHostilePage, HostilePeer} from './hostile-peer.ts';

const DIST_DIR = fileURLToPath(new URL('../../../dist', import.meta.url));
declare const weftTab: TabControl;

const SERVING_TIMEOUT_MS = 60_000;

/** A real tab that lends a half of the model. */
export type Victim = {
  readonly tab: Tab;
  readonly peerId: PeerId;
  readonly startLayer: number;
  readonly endLayer: number;
};

/** Two lending tabs, head and tail, an honest client, and a peer that breaks the rules. */
export class HostileWorld {
  readonly model: PreparedModel;
  readonly manifestHash: ManifestHash;
  readonly swarm: Swarm;
  readonly head: Victim;
  readonly tail: Victim;
  readonly client: Tab;
  readonly hostile: HostilePeer;
  readonly #folder: string;
  readonly #atEnd: (() => Promise<void>)[] = [];

  private constructor(parts: {
    readonly model: PreparedModel;
    readonly manifestHash: ManifestHash;
    readonly swarm: Swarm;
    readonly victims: readonly [Victim, Victim];
    readonly client: Tab;
    readonly hostile: HostilePeer;
    readonly folder: string;
  }) {
    this.model = parts.model;
    this.manifestHash = parts.manifestHash;
    this.swarm = parts.swarm;
    [this.head, this.tail] = parts.victims;
    this.client = parts.client;
    this.hostile = parts.hostile;
    this.#folder = parts.folder;
  }

  static async start(log: (line: string) => void): Promise<HostileWorld> {
    const model = await prepareModel({log});
    const manifestHash = await hashManifest(model.manifest, async (text) =>
      createHash('sha256').update(text).digest('hex'),
    );
    const folder = await mkdtemp(join(tmpdir(), 'weft-hostile-'));
    await linkFolder(DIST_DIR, folder);
    await buildHostilePage(folder);
    const {modelsDir} = model;
    const swarm = await Swarm.start({modelsDir, port: 0, webgpu: false, log, siteDir: folder});
    try {
      const victims = await openVictims(swarm, model);
      const client = await swarm.openTab({model: model.id});
      const hostile = await HostilePeer.join(browserOf(client), {
        siteUrl: swarm.server.url,
        manifestHash,
      });
      return new HostileWorld({model, manifestHash, swarm, victims, client, hostile, folder});
    } catch (error) {
      await swarm.stop();
      throw error;
    }
  }

  /** Resolves once head and client have the record of a peer. */
  async waitUntilKnown(peerId: PeerId): Promise<void> {
    const isKnown = async (): Promise<boolean> =>
      (await this.knownPeers()).every((known) => known.includes(peerId));
    await expect.poll(isKnown).toBe(true);
  }

  /** Peers that the head and the client know, each for itself. */
  async knownPeers(): Promise<readonly (readonly string[])[]> {
    const tabs = [this.head.tab, this.client];
    return await Promise.all(tabs.map(({page}) => page.evaluate(() => weftTab.knownPeers())));
  }

  /** Has something stopped together with this world. */
  atEnd(stop: () => Promise<void>): void {
    this.#atEnd.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#atEnd) await stop();
    await this.swarm.stop();
    await rm(this.#folder, {recursive: true});
  }
}

/** What a lending tab is serving and has refused. */
export async function loadOf({tab}: Pick<Victim, 'tab'>): Promise<LendLoad> {
  const load = await tab.lendLoad();
  if (load === null) throw new Error('This tab lends nothing');
  return load;
}

/** Slow enough that an answer lasts while hundreds of messages arrive. */
export function halfOf({grid}: PreparedModel): LabLendRequest {
  return {
    engine: 'stub',
    stubSlowdown: 8,
    capacity: {kind: 'layers', maxLayers: grid.layerCount / 2},
  };
}

async function openVictims(swarm: Swarm, model: PreparedModel): Promise<readonly [Victim, Victim]> {
  const open = () => swarm.openLendingTab(halfOf(model), {model: model.id});
  const tabs = await Promise.all([open(), open()]);
  const [first, second] = [await victimOf(tabs[0]), await victimOf(tabs[1])];
  return first.startLayer === 0 ? [first, second] : [second, first];
}

async function victimOf(tab: Tab): Promise<Victim> {
  const state = await tab.waitForLendState(['serving', 'failed'], {timeoutMs: SERVING_TIMEOUT_MS});
  if (state.kind !== 'serving') throw new Error(`Cannot attack: ${JSON.stringify(state)}`);
  const {peerId} = await tab.traffic();
  return {tab, peerId: asPeerId(peerId), ...state.layers};
}

function browserOf(tab: Tab): Browser {
  const browser = tab.page.context().browser();
  if (browser === null) throw new Error('The tab has no browser');
  return browser;
}
