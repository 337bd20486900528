import {Hono, type Context, type MiddlewareHandler} from 'hono';
import {cors} from 'hono/cors';
import type {Bootstrap} from '#shared/protocol/bootstrap.ts';
import type {SwarmSummary} from '#shared/protocol/swarm-summary.ts';
import type {ServerConfig} from './config.ts';
import type {ServerCounters} from './metrics/server-counters.ts';
import {basePath, pathBelow} from './http/base-path.ts';
import {cachePolicy} from './http/cache-policy.ts';
import {ContentTags} from './http/files/content-tags.ts';
import {formatMetrics} from './metrics/format-metrics.ts';
import type {NodeEnv} from './http/node-env.ts';
import {mintIceServers} from './http/mint-ice-servers.ts';
import {pageSecurity} from './http/page-security.ts';
import {publicAddress, socketPath} from './http/public-address.ts';
import {serveFolder} from './http/files/serve-folder.ts';
import type {EmbedOrigins} from './settings/embed-settings.ts';

export type AppOptions = {
  readonly config: Pick<
    ServerConfig,
    | 'staticDir'
    | 'modelsDir'
    | 'publicUrl'
    | 'embedOrigins'
    | 'iceServers'
    | 'turnUrls'
    | 'turnSecret'
    | 'peers'
  >;
  readonly now: () => number;
  readonly counters: () => ServerCounters;
  readonly swarm: () => SwarmSummary;
  /** Answers what is asked below `/v1`. */
  readonly gateway: (request: Request, env: NodeEnv['Bindings']) => Promise<Response>;
  readonly node: () => Pick<Bootstrap, 'peerId' | 'swarmId' | 'protocolMajor'>;
};

/** Files under `assets/` contain a hash of their content in their names; a version of the widget never changes. */
const NAMED_BY_CONTENT = /^\/(?:assets\/|widget@[^/]+\.js$)/u;

/** The HTTP side of the signal server: page, models, bootstrap, health, metrics. */
export function createApp(options: AppOptions): Hono<NodeEnv> {
  const {config} = options;
  const base = basePath(config.publicUrl);
  const app = new Hono<NodeEnv>({getPath: ({url}) => pathBelow(base, url)});
  const readable = readableBy(config.embedOrigins);
  app.use(pageSecurity(config.embedOrigins));
  if (base !== '/') app.use(folderOf(base));
  app.use('/api/*', readable);
  app.get('/healthz', (context) => context.json({status: 'ok'}));
  app.get('/metrics', (context) => context.text(formatMetrics(options.counters())));
  app.get('/api/counters', (context) => uncached(context).json(options.counters()));
  app.get('/api/bootstrap', (context) => uncached(context).json(describe(options, context)));
  app.get('/api/swarm', (context) => {
    context.header('Cache-Control', 'public, max-age=1');
    return context.json(options.swarm());
  });
  app.all('/v1/*', askableBy(config.embedOrigins), async ({req, env}) =>
    options.gateway(req.raw, env),
  );
  if (config.modelsDir !== null) mountModels(app, config.modelsDir, readable);
  app.use(
    '/*',
    readable,
    cachePolicy(({req}) => NAMED_BY_CONTENT.test(req.path)),
    serveFolder({folder: config.staticDir, mountedAt: '', isPacked: true}),
  );
  return app;
}

/** What the page names is found beside it, so its address must end in a slash. */
function folderOf(base: string): MiddlewareHandler {
  return async (context, next) => {
    const {pathname, search} = new URL(context.req.url);
    if (`${pathname}/` !== base) return await next();
    return context.redirect(`${base}${search}`, 308);
  };
}

/** Which pages of other origins may read what is served here: script and chunks of the widget, API, models. */
function readableBy(origin: EmbedOrigins): MiddlewareHandler {
  return allowed(origin, {
    allowMethods: ['GET', 'HEAD'],
    exposeHeaders: ['Accept-Ranges', 'Content-Length', 'Content-Range', 'ETag'],
  });
}

/** Which pages of other origins may ask the gateway. */
function askableBy(origin: EmbedOrigins): MiddlewareHandler {
  return allowed(origin, {
    allowMethods: ['GET', 'HEAD', 'POST'],
    exposeHeaders: ['Retry-After'],
  });
}

function allowed(
  origin: EmbedOrigins,
  what: Pick<NonNullable<Parameters<typeof cors>[0]>, 'allowMethods' | 'exposeHeaders'>,
): MiddlewareHandler {
  return cors({...what, origin: origin === '*' ? origin : [...origin]});
}

function describe(options: AppOptions, context: Context): Bootstrap {
  const url = options.config.publicUrl ?? context.req.url;
  const node = options.node();
  const nowMs = options.now();
  return {
    ...node,
    addresses: [`${publicAddress(url)}${socketPath(options.config.publicUrl)}/p2p/${node.peerId}`],
    nowMs,
    peers: options.config.peers,
    iceServers: mintIceServers(options.config, nowMs),
  };
}

function uncached(context: Context): Context {
  context.header('Cache-Control', 'no-store');
  return context;
}

/** GGUF files by byte range. The address of one that is kept names the SHA-256 that it has indeed. */
function mountModels(app: Hono<NodeEnv>, modelsDir: string, readable: MiddlewareHandler): void {
  const {tagOf} = new ContentTags();
  app.all(
    '/models/*',
    readable,
    cachePolicy(({req, res}) => res.headers.get('ETag') === `"${req.query('sha256')}"`),
    serveFolder({folder: modelsDir, mountedAt: '/models', isPacked: false, tagOf}),
  );
}
