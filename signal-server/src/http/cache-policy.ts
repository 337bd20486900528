import type {Context, MiddlewareHandler} from 'hono';

const ONE_YEAR_SECONDS = 31_536_000;

/**
 * Clients keep a file whose address names its content, and ask for every other
 * one again, with its tag.
 */
export function cachePolicy(namesContent: (context: Context) => boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const isThere = context.res.ok || context.res.status === 304;
    const isKept = isThere && namesContent(context);
    context.header(
      'Cache-Control',
      isKept ? `public, max-age=${ONE_YEAR_SECONDS}, immutable` : 'no-cache',
    );
  };
}
