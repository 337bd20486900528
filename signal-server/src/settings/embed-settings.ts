import * as z from 'zod';
import {hostSchema} from './web-settings.ts';

/** Pages of which origins may embed the widget; `*`: of all. */
export type EmbedOrigins = '*' | readonly string[];

const ANY = '*';
/** They are repeated in a header of every response. */
const MAX_ORIGINS = 50;

const originSchema = z.string().transform((text, context) => {
  if (text === ANY) return ANY;
  const url = URL.parse(text);
  const fault = url === null ? 'is not an origin' : faultOf(url);
  if (url === null || fault !== null) {
    context.addIssue(fault ?? 'is not an origin');
    return z.NEVER;
  }
  return url.origin;
});

/** `*` alone, or origins; afterwards as browsers send them. */
export const embedOriginsSchema: z.ZodType<EmbedOrigins> = z
  .array(originSchema)
  .max(MAX_ORIGINS, `names more than ${MAX_ORIGINS} origins`)
  .refine((origins) => origins.length === 1 || !origins.includes(ANY), 'names origins beside "*"')
  .transform((origins) => (origins.includes(ANY) ? ANY : origins));

function faultOf(url: URL): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is neither http: nor https:';
  if (url.username !== '' || url.password !== '') return 'contains a name or a password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return 'has a part after the host';
  }
  // Also a "*" for a part of a name, and what would end the directive of a policy.
  return hostSchema.safeParse(url.hostname).success ? null : 'is not of one host';
}
