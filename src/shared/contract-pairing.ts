/** The `pairing` group of the RPC contract: watching a device connect for the first time, and telling what stands in its way. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { diagnosisSchema, echoTargetSchema, pairingStateSchema } from './pairing.ts';

export const pairingContract = {
  /** The whole state at once and at every change, at most a few times a second, until the caller stops listening. */
  watch: base.output(eventIterator(pairingStateSchema)),
  /** Calls this PC's own ports at the address that devices use, and says what is wrong. */
  diagnose: base.output(diagnosisSchema),
  /**
   * C-ECHO to a device. Errors: peer-unreachable, peer-timeout, peer-refused, tls-peer-untrusted, cancelled.
   */
  echo: base.input(echoTargetSchema).output(z.object({ roundTripMs: z.number().min(0) })),
} as const;
