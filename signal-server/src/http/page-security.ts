import type {MiddlewareHandler} from 'hono';
import {secureHeaders} from 'hono/secure-headers';
import type {EmbedOrigins} from '../settings/embed-settings.ts';

/**
 * Threads need cross-origin isolation, and an isolated site loads nothing of
 * another one that does not agree, as everything here does.
 *
 * Only origins that the operator names may frame the page: whoever frames it can
 * lure a click on the button that lends.
 */
export function pageSecurity(embedOrigins: EmbedOrigins): MiddlewareHandler {
  const [strict, example] = [secure(embedOrigins, []), secure(embedOrigins, ["'unsafe-inline'"])];
  return async (context, next) =>
    await (context.req.path.startsWith('/examples/') ? example : strict)(context, next);
}

/** @param styles what else than files a page may have as styles: libraries of others that examples show insert theirs. */
function secure(embedOrigins: EmbedOrigins, styles: readonly string[]): MiddlewareHandler {
  const self = "'self'";
  return secureHeaders({
    crossOriginOpenerPolicy: 'same-origin',
    crossOriginEmbedderPolicy: 'require-corp',
    crossOriginResourcePolicy: 'cross-origin',
    referrerPolicy: 'no-referrer',
    // It knows no origin but its own; `frame-ancestors` outranks it.
    xFrameOptions: false,
    contentSecurityPolicy: {
      defaultSrc: [self],
      scriptSrc: [self, "'wasm-unsafe-eval'"],
      styleSrc: [self, ...styles],
      workerSrc: [self, 'blob:'],
      // A tab may dial any signal server that its swarm's records name, and fetch weights by hash from anywhere.
      connectSrc: [self, 'ws:', 'wss:', 'https:'],
      imgSrc: [self, 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: [self],
      frameAncestors: [self, ...(embedOrigins === '*' ? [] : embedOrigins)],
    },
  });
}
