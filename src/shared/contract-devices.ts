/** Pairing of devices: who may send here, who was refused, and what a modality has to be told to reach this PC. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import {
  callerSchema,
  connectionSchema,
  deviceIdSchema,
  deviceSchema,
  networkAddressSchema,
  observedClassSchema,
  pairingChangeSchema,
  pairingSchema,
} from './devices.ts';

const done = z.object({ done: z.literal(true) });
const byId = z.strictObject({ id: deviceIdSchema });

export const devicesContract = {
  /** In the order in which they were paired. */
  list: base.output(z.array(deviceSchema)),
  /** Errors: pairing-not-valid, pairing-exists, pairing-too-many. */
  pair: base.input(pairingSchema).output(deviceSchema),
  /** Only what is named changes; counts for associations that are open too. Errors: as `pair`, device-unknown. */
  change: base
    .input(z.strictObject({ id: deviceIdSchema, change: pairingChangeSchema }))
    .output(deviceSchema),
  /** Its open associations may send nothing more. Error: device-unknown. */
  remove: base.input(byId).output(done),
  /** Refused callers, the latest first; dismissed ones too, and marked. */
  callers: base.output(z.array(callerSchema)),
  /** Not ours: the headline is answered for it, and it is quiet for a day. Error: caller-unknown. */
  dismiss: base.input(byId).output(done),
  /**
   * Pairs a caller as it came: title, address, and certificate where it showed one. `pairing` replaces single parts.
   * Errors: caller-unknown, caller-wrong-title, and those of `pair`.
   */
  allowCaller: base
    .input(
      z.strictObject({
        id: deviceIdSchema,
        name: z.string().max(64),
        pairing: pairingChangeSchema.default({}),
      }),
    )
    .output(deviceSchema),
  /** Classes that somebody let in proposed and could not have, with what was decided about them. */
  observedClasses: base.output(z.array(observedClassSchema)),
  /** From the next association on it is accepted and stored. Errors: class-unknown, device-unknown. */
  allowClass: base.input(byId).output(done),
  /** Not wanted: quiet from now on; takes back an earlier permission. Error: class-unknown. */
  dismissClass: base.input(byId).output(done),
  /** What to type into a modality. */
  connection: base.output(connectionSchema),
  /** The addresses of this PC that could be listened on. */
  addresses: base.output(z.array(networkAddressSchema)),
};
