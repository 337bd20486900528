import type {IncomingMessage} from 'node:http';

/** What an app of this server finds beside each request: that of Node, with its socket. */
export type NodeEnv = {readonly Bindings: {readonly incoming: IncomingMessage}};
