import type {RequestListener} from 'node:http';
import {getRequestListener} from '@hono/node-server';
import type {Hono} from 'hono';
import type {NodeEnv} from './node-env.ts';
import {hasSoundHost} from './has-sound-host.ts';

/** What the HTTP server calls for each request; one without a sound host never reaches the app. */
export function requestListener(app: Hono<NodeEnv>): RequestListener {
  const listener = getRequestListener((request, env) => app.fetch(request, env));
  return (request, response) => {
    if (hasSoundHost(request)) {
      void listener(request, response);
      return;
    }
    response.writeHead(400, {Connection: 'close'}).end();
    request.resume();
  };
}
