/** The home page: what may be erased, what may be missing, what happened, the day's curves, search. */
import { z } from 'zod';
import { studySummarySchema } from './agent-state.ts';
import { base } from './contract-base.ts';

const count = z.int().min(0);
const isoTime = z.iso.datetime();
/** Of the clinic's calendar. */
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const aeTitle = z.string().min(1).max(16);

export const eraseLineSchema = z.object({
  aeTitle: z.string(),
  /** Images that came from it on that day. */
  received: count,
  /** Of these: proven at every required destination now. */
  verified: z.int(),
  /** Of these: the device itself named them in storage commitment and was told that they are safe. */
  committed: z.int(),
  /**
   * safe: every image that came that day was named by the device, answered with success, and is verified now.
   * compare: all are verified, but the device did not name all of them: compare the number with the device.
   * not-safe: some are not verified. unknown: something speaks against it that nobody has answered yet (`doubt`).
   */
  answer: z.enum(['safe', 'compare', 'not-safe', 'unknown']),
  /** Code of the incident that speaks against it. */
  doubt: z.string().nullable(),
});
export type EraseLine = z.infer<typeof eraseLineSchema>;

export const eraseDaySchema = z.object({
  day,
  /** False: more may come today. */
  isOver: z.boolean(),
  devices: z.array(eraseLineSchema),
});
export type EraseDay = z.infer<typeof eraseDaySchema>;

export const eraseListSchema = z.object({
  askedAt: isoTime,
  /** This installation's AE title and PC, for the printed page. */
  listenerAeTitle: z.string(),
  /** The newest first; days without images from a device are left out. */
  days: z.array(eraseDaySchema),
});
export type EraseList = z.infer<typeof eraseListSchema>;

/** Days that one answer may cover. */
export const mostEraseDays = 92;

export const seriesGapSchema = z.object({
  modality: z.string(),
  seriesNumber: z.string().nullable(),
  present: count,
  missing: count,
  ranges: z.array(z.object({ from: count, to: count })),
  moreRanges: count,
});
export type SeriesGap = z.infer<typeof seriesGapSchema>;

export const lateDeviceSchema = z.object({
  aeTitle: z.string(),
  /** Minutes since midnight, by the clock on the wall. */
  usuallyBy: count,
  lastReceivedAt: isoTime.nullable(),
});
export type LateDevice = z.infer<typeof lateDeviceSchema>;

export const hintsSchema = z.object({
  gaps: z.array(z.object({ study: studySummarySchema, series: z.array(seriesGapSchema) })),
  /** Studies looked at, and those that were too many to be. */
  looked: count,
  notLooked: count,
  late: z.array(lateDeviceSchema),
  /** Nobody has sent though so many devices usually have by then: a closed day, or nothing gets through. */
  nobody: z.object({ expected: count, usuallyBy: count }).nullable(),
  silenced: z.array(z.object({ aeTitle: z.string(), until: isoTime.nullable() })),
});
export type Hints = z.infer<typeof hintsSchema>;

export const activitySchema = z.object({
  at: isoTime,
  kind: z.enum([
    'received',
    'verified',
    'restored',
    'restore-failed',
    'repaired',
    'damaged',
    'refused',
    'shared',
  ]),
  /** Where it is about one that is on this PC. */
  study: studySummarySchema.nullable(),
  /** How often in a row. */
  times: count,
});
export type Activity = z.infer<typeof activitySchema>;

export const dayChartSchema = z.object({
  day,
  slotSeconds: count,
  /** One for each quarter of an hour of the day up to now, without a gap. */
  slots: z.array(
    z.object({
      at: isoTime,
      images: count,
      bytes: count,
      /** Images not safe yet at its end, and the most in it; null before anything was noted. */
      waiting: count.nullable(),
      waitingMost: count.nullable(),
    }),
  ),
  /** Proven there, per quarter of an hour as `slots` has them. */
  destinations: z.array(z.object({ name: z.string(), images: z.array(count), bytes: z.array(count) })),
});
export type DayChart = z.infer<typeof dayChartSchema>;

/** Studies of one page of a search. */
export const mostFound = 50;

export const foundSchema = z.object({
  /** The newest first; names only by `studies.reveal`. */
  studies: z.array(studySummarySchema),
  /** Give it to the next call; null when there is no more. */
  next: count.nullable(),
  /** Studies are still being indexed: some may be missing. */
  isIndexing: z.boolean(),
});
export type Found = z.infer<typeof foundSchema>;

export const homeContract = {
  /** The newest `days` days, or the one named. */
  eraseList: base
    .input(z.strictObject({ day: day.nullable(), days: z.int().min(1).max(mostEraseDays) }))
    .output(eraseListSchema),
  hints: base.output(hintsSchema),
  /** No hint about that device until then (null: for good); `speak` ends it. */
  silence: base
    .input(z.strictObject({ aeTitle, until: isoTime.nullable() }))
    .output(z.object({ done: z.literal(true) })),
  speak: base.input(z.strictObject({ aeTitle })).output(z.object({ done: z.literal(true) })),
  /** The newest first. */
  activity: base
    .input(z.strictObject({ limit: z.int().min(1).max(200) }))
    .output(z.object({ events: z.array(activitySchema) })),
  /** `day` null: today. */
  chart: base.input(z.strictObject({ day: day.nullable() })).output(dayChartSchema),
  /** By the beginnings of words of name, patient id and accession number. Audited: a search tells who is here. */
  find: base
    .input(z.strictObject({ text: z.string().min(1).max(200), before: count.nullable() }))
    .output(foundSchema),
} as const;
