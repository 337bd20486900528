import {createServer, request, type IncomingMessage} from 'node:http';
import {connect} from 'node:net';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

export type PathProxy = {
  /** Address of the folder, with a slash at the end. */
  readonly url: string;
  /** To which port of this machine requests go. */
  forwardTo(port: number): void;
  close(): Promise<void>;
};

/**
 * A proxy before a server that has one folder of a site; all else of the site
 * is somebody else's and answers 404.
 *
 * @param folder begins and ends with a slash.
 * @param keeps whether the folder is passed on with the path, or taken off.
 */
export async function startPathProxy(
  folder: string,
  {keeps}: {readonly keeps: boolean},
): Promise<PathProxy> {
  let targetPort = 0;
  const pathOf = ({url = '/'}: IncomingMessage) => {
    if (!url.startsWith(folder)) return null;
    return keeps ? url : url.slice(folder.length - 1);
  };
  const server = createServer((incoming, outgoing) => {
    const path = pathOf(incoming);
    if (path === null) {
      outgoing.writeHead(404).end('another site');
      return;
    }
    const {method, headers} = incoming;
    const onward = request({host: '127.0.0.1', port: targetPort, path, method, headers});
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming, socket, head) => {
    const path = pathOf(incoming);
    if (path === null) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    const headers = incoming.rawHeaders.map((text, index) =>
      index % 2 === 0 ? `${text}: ` : `${text}\r\n`,
    );
    const onward = connect(targetPort, '127.0.0.1', () => {
      onward.write(`GET ${path} HTTP/1.1\r\n${headers.join('')}\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}${folder}`,
    forwardTo: (serverPort) => {
      targetPort = serverPort;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
