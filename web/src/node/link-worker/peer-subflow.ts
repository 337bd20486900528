import type {HalfRequest} from '#shared/transport/channel/half-port.ts';
import type {OpenedSubflow} from '#shared/transport/channel/link-channels.ts';
import {PROBE_CHANNEL} from '#shared/transport/subflow/probe-channel.ts';
import {noteBeside} from '../swarm/libp2p-node/connections-beside.ts';

/** Nothing else is on such a connection. */
const CHANNEL_ID = 0;
const PROBES_ID = 1;

type Options = {
  /** The connection beside which this one is. */
  readonly main: RTCPeerConnection;
  /** The id of the channel for the first subflow's probes, which is on that connection. */
  readonly mainProbesId: number;
  /** Leads to the half that gets the channel. */
  readonly port: MessagePort;
  readonly onFailed: (cause: Error) => void;
};

/**
 * A connection of its own with one data channel: an association whose window no other shares. Its
 * descriptions pass a connection whose peer has proved who it is, and so do the fingerprints in them.
 */
export class PeerSubflow implements OpenedSubflow {
  readonly #connection: RTCPeerConnection;
  readonly #forget: () => void;

  constructor({main, mainProbesId, port, onFailed}: Options) {
    const connection = new RTCPeerConnection(withoutTurn(main.getConfiguration()));
    this.#connection = connection;
    const channel = connection.createDataChannel('', {negotiated: true, id: CHANNEL_ID});
    const probes = connection.createDataChannel('', {...PROBE_CHANNEL, id: PROBES_ID});
    const firstProbes = openProbes(main, mainProbesId);
    const request: HalfRequest = {kind: 'add-subflow', channel, probes, firstProbes};
    const channels = [channel, probes, ...(firstProbes === null ? [] : [firstProbes])];
    try {
      // A channel can be transferred in the task that makes it, and never again.
      port.postMessage(request, channels);
    } catch (cause) {
      connection.close();
      throw cause;
    }
    this.#forget = noteBeside(main, connection);
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'failed') onFailed(new Error('A subflow has failed'));
    });
  }

  async describe(offer?: string): Promise<string> {
    const connection = this.#connection;
    if (offer !== undefined) await connection.setRemoteDescription({type: 'offer', sdp: offer});
    await connection.setLocalDescription();
    await gathered(connection);
    return connection.localDescription?.sdp ?? '';
  }

  async accept(answer: string): Promise<void> {
    await this.#connection.setRemoteDescription({type: 'answer', sdp: answer});
  }

  close(): void {
    this.#connection.close();
    this.#forget();
  }
}

/** The id is free again soon after the end of the link that had it. */
function openProbes(connection: RTCPeerConnection, id: number): RTCDataChannel | null {
  try {
    return connection.createDataChannel('', {...PROBE_CHANNEL, id});
  } catch {
    return null;
  }
}

/** What passes a TURN server costs whoever runs it, and no link needs a second subflow that much. */
function withoutTurn(configuration: RTCConfiguration): RTCConfiguration {
  const iceServers = (configuration.iceServers ?? []).flatMap((server) => {
    const urls = [server.urls].flat().filter((url) => /^stuns?:/iu.test(url));
    return urls.length === 0 ? [] : [{urls}];
  });
  return {iceServers};
}

async function gathered(connection: RTCPeerConnection): Promise<void> {
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => {
      connection.addEventListener('icegatheringstatechange', resolve, {once: true});
    });
  }
}
