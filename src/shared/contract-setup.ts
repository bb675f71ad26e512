/** Setting up an installation from the page: a cloud that is tried before it is taken, and where devices reach this PC. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { findingFactSchema } from './credential-findings.ts';
import { destinationSchema } from './destination-settings.ts';
import { settingsSchema } from './settings.ts';
import { errorReportSchema } from './status.ts';

/** The contract's limit for one credential (Windows' keychain holds 2,560 bytes an entry). */
const credentialSchema = z.string().min(1).max(2500);

/** A destination as it is typed in, and its credential; null: the one that is stored under its name, or none needed. */
const draftFields = { destination: destinationSchema, credential: credentialSchema.nullable() };

/**
 * route: how this PC gets out. reach: the place is there, the credential fits, the clocks agree. create, read-back: a
 * test object. create-only: a second one of the same name is refused. others: whether an archive lies there already.
 * rights: what the credential may do beyond need.
 */
export const liveTestSteps = [
  'route',
  'reach',
  'create',
  'read-back',
  'create-only',
  'others',
  'rights',
] as const;
export type LiveTestStep = (typeof liveTestSteps)[number];

const stepSchema = z.enum(liveTestSteps);

export const liveTestEventSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('began'), step: stepSchema }),
  z.object({ tag: z.literal('passed'), step: stepSchema }),
  z.object({ tag: z.literal('failed'), step: stepSchema, error: errorReportSchema }),
  /** direct, or through which proxy. */
  z.object({ tag: z.literal('route'), proxy: z.string().nullable() }),
  z.object({
    tag: z.literal('finding'),
    level: z.enum(['warning', 'note']),
    /** English; holds no secret. */
    text: z.string(),
    /** The same for other languages. */
    fact: findingFactSchema.optional(),
    /** other-archive: images of another installation lie there. */
    about: z.enum(['credential', 'other-archive']),
  }),
  z.object({ tag: z.literal('ended'), outcome: z.enum(['passed', 'failed']) }),
]);
export type LiveTestEvent = z.infer<typeof liveTestEventSchema>;

const dicom = settingsSchema.shape.dicom.unwrap().shape;

/** What is left out stays as it is. */
export const listeningChangeSchema = z.strictObject({
  host: dicom.host.unwrap().optional(),
  port: dicom.port.unwrap().optional(),
  aeTitle: dicom.aeTitle.unwrap().optional(),
});
export type ListeningChange = z.infer<typeof listeningChangeSchema>;

const saved = z.object({ saved: z.literal(true) });

export const setupContract = {
  /** Nothing is stored, but for a test object of a few bytes in the cloud. Ends with `ended`, unless it is cancelled. */
  testDestination: base.input(z.strictObject(draftFields)).output(eventIterator(liveTestEventSchema)),
  /**
   * Stores credential and settings; the engine goes on with them before this answers. A required destination must have
   * passed the live test as it is, or `despite` says that it is wanted all the same.
   * Errors: destination-not-tested, destination-in-use, settings-*, config-*, keychain-*.
   */
  saveDestination: base
    .input(z.strictObject({ ...draftFields, despite: z.literal('test-not-passed').optional() }))
    .output(saved),
  /** Where devices reach this PC. Errors: settings-*, config-*, port-*, interface-missing, public-address-refused. */
  listen: base.input(listeningChangeSchema).output(saved),
};
