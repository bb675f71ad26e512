/** The recovery kit: words, shares, printable pages, drill. Answers of `create` and `kit` hold secrets: never logged. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

/**
 * 24 words, or two or three shares (each: its mark such as 2-4e672b5f, then 25 words), parted by white space; checked
 * word by word by the engine.
 */
export const wordsSchema = z.array(z.string().min(1).max(32)).max(80);

export const kitLanguages = ['en', 'es'] as const;
export type KitLanguage = (typeof kitLanguages)[number];
export const kitFormats = ['html', 'pdf'] as const;
export type KitFormat = (typeof kitFormats)[number];

/** Which pages are wanted with the answer. */
export const kitRequestSchema = z.object({
  language: z.enum(kitLanguages).default('en'),
  formats: z.array(z.enum(kitFormats)).min(1).max(2),
});
export type KitRequest = z.infer<typeof kitRequestSchema>;

/** Self-contained pages to print. */
const kitPages = {
  kitHtml: z.string().optional(),
  /** The file, in Base64. */
  kitPdf: z.base64().optional(),
};

/**
 * words: whoever has the 24 words opens everything. shares: three shares, any two of which give the words; the words
 * themselves are in no answer. words-and-shares: both.
 */
export const custodySchema = z.enum(['words', 'shares', 'words-and-shares']);
export type Custody = z.infer<typeof custodySchema>;

export const provenBySchema = z.enum(['test-object', 'cloud-object']);
export type ProvenBy = z.infer<typeof provenBySchema>;

const shareSchema = z.object({
  number: z.int().min(1).max(3),
  /** Number and the first eight digits of the fingerprint: tells shares of different kits apart. */
  mark: z.string(),
  words: z.array(z.string()).length(25),
  ...kitPages,
});

export const createdRecoverySchema = z.object({
  /** 24, or none when shares alone were asked for. */
  words: z.array(z.string()).max(24),
  fingerprint: z.string(),
  shares: z.array(shareSchema).max(3).optional(),
  ...kitPages,
});
export type CreatedRecovery = z.infer<typeof createdRecoverySchema>;

export const recoveryProcedures = {
  /** Makes the recovery key. Words, shares and pages are in this answer and nowhere else. */
  create: base
    .input(
      z.object({
        replace: z.boolean().default(false),
        custody: custodySchema.default('words'),
        kit: kitRequestSchema.optional(),
      }),
    )
    .output(createdRecoverySchema),
  /** The kit printed anew (another cloud account, a worn page), from the words that are typed; proves nothing. */
  kit: base
    .input(z.object({ words: wordsSchema, custody: custodySchema.default('words'), kit: kitRequestSchema }))
    .output(createdRecoverySchema),
  /**
   * The drill: proves the words by opening an image of the cloud with them, or a test object while there is none;
   * uploads start after it.
   */
  check: base.input(z.object({ words: wordsSchema })).output(
    z.object({
      fingerprint: z.string(),
      provenAt: z.iso.datetime(),
      provenBy: provenBySchema,
      /** Why no image of the cloud was opened though there are some. */
      cloudProblem: errorReportSchema.nullable(),
    }),
  ),
  certificate: base.output(z.object({ pem: z.string().nullable(), fingerprint: z.string().nullable() })),
};
