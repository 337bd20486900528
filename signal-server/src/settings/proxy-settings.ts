import * as z from 'zod';
import {isProxyEntry} from '../limits/source/source-address.ts';

/** IP addresses and networks. */
export const proxiesSchema: z.ZodType<readonly string[]> = z.array(
  z.string().refine(isProxyEntry, 'is neither an address nor a network'),
);
