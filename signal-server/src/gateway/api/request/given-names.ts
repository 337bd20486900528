import * as z from 'zod';

/** Of a tool or a schema, as its caller gives it. */
export const givenName = z.string().regex(/^[\w-]{1,64}$/u);

/** Of one request. */
export const MOST_TOOLS = 64;
