/** The `secrets` group of the RPC contract: credentials go in, none comes out. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

export const signInEventSchema = z.discriminatedUnion('tag', [
  /** To be entered at `address` in any browser, within about 15 minutes (RFC 8628, 3.3). */
  z.object({ tag: z.literal('code'), code: z.string().max(64), address: z.string().max(512) }),
  /** As whom, as the directory names them; may be empty. The last event. */
  z.object({ tag: z.literal('signed-in'), account: z.string().max(512) }),
]);
export type SignInEvent = z.infer<typeof signInEventSchema>;

export const secretsContract = {
  /** Stores a destination's credential in the key store. */
  store: base
    .input(z.object({ name, value: z.string().min(1).max(20_000) }))
    .output(z.object({ stored: z.literal(true) })),
  /**
   * Lets a person sign in to Entra for a destination with auth "device-code", and stores the sign-in. Ends with
   * `signed-in`, or when nobody listens any more. Errors: usage, entra-*, cloud-*, proxy-refused, keychain-*.
   */
  signIn: base.input(z.strictObject({ name })).output(eventIterator(signInEventSchema)),
} as const;
