/** Uploads: paused for a time and gone on with, what the shell knows about the network, woken up. */
import { z } from 'zod';
import { base } from './contract-base.ts';

const count = z.int().min(0);
const isoTime = z.iso.datetime();

/** The longest pause that can be asked for, in minutes. */
export const longestPauseMinutes = 24 * 60;

/** A destination's name; without it: all of them. */
const place = { destination: z.string().max(100).optional() };

export const pauseSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('for'), minutes: z.int().min(1).max(longestPauseMinutes), ...place }),
  /** Until six in the morning, local time. */
  z.strictObject({ tag: z.literal('until-tomorrow'), ...place }),
]);
export const resumeSchema = z.strictObject(place);
export type ResumeRequest = z.infer<typeof resumeSchema>;
export type PauseRequest = z.infer<typeof pauseSchema>;

export const uploadsStateSchema = z.object({
  hold: z.enum(['none', 'paused', 'window', 'metered']),
  /** When the hold ends by itself; null when there is none, or nobody knows. */
  until: isoTime.nullable(),
  metered: z.boolean(),
  bytesPerSecond: z.number().min(0),
  destinations: z.array(
    z.object({
      name: z.string(),
      /** Until when this one is paused by itself, besides what holds all of them; null when it is not. */
      pausedUntil: isoTime.nullable().optional(),
      pending: count,
      /** Objects being sent right now, and how many at most at this moment. */
      active: count,
      width: count,
      bytesPerSecond: z.number().min(0),
    }),
  ),
});
export type UploadsState = z.infer<typeof uploadsStateSchema>;

export const uploadsContract = {
  state: base.output(uploadsStateSchema),
  /** Nothing is sent until then (to that destination); receiving goes on. A later pause replaces an earlier one. */
  pause: base.input(pauseSchema).output(uploadsStateSchema),
  /**
   * Ends every pause, or that of one destination (a pause of all still holds). Times of day and a metered network still
   * hold.
   */
  resume: base.input(resumeSchema.optional()).output(uploadsStateSchema),
  /** From the shell, which can ask the operating system: matters with settings upload.pauseOnMetered. */
  network: base.input(z.strictObject({ metered: z.boolean() })).output(uploadsStateSchema),
} as const;

/** The PC woke up, or is on another network: what waits is tried now instead of at its time. */
export const wakeProcedure = base
  .input(z.strictObject({ reason: z.enum(['resume', 'network']) }))
  .output(z.object({ woken: z.literal(true) }));
