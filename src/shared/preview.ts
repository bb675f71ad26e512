/**
 * Pictures for looking at: made small by the decoding process, so that no frame of whatever size costs more than a
 * bounded answer. What stands here is checked twice, by the engine (the decoder read hostile bytes) and by the page.
 */
import { z } from 'zod';

/** Pixels along the longer side. */
export const pictureEdges = { thumbnail: 128, frame: 1024 } as const;
export type PictureSize = keyof typeof pictureEdges;

/** Of one frame, at its largest kind: 32 bits a pixel. */
export const maxPictureBytes = pictureEdges.frame ** 2 * 4;
/** A lookup table has at most 2^16 entries of two bytes (PS3.3 C.11.1.1). */
const maxTableBytes = 131_072;
const count = z.int().min(0).max(1_000_000);
const edge = z.int().min(1).max(pictureEdges.frame);
const base64 = (bytes: number) =>
  z
    .string()
    .max(Math.ceil(bytes / 3) * 4)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/);

const sampleKinds = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32'] as const;
export type SampleKind = (typeof sampleKinds)[number];

/** Bytes of one sample. */
export function sampleBytes(kind: SampleKind): 1 | 2 | 4 {
  switch (kind) {
    case 'u8':
    case 'i8':
      return 1;
    case 'u16':
    case 'i16':
      return 2;
    case 'u32':
    case 'i32':
      return 4;
  }
}

const tableSchema = z.strictObject({
  firstValue: z.int(),
  bits: z.int().min(1).max(16),
  /** Little-endian, two bytes an entry. */
  entries: base64(maxTableBytes),
});

const rangeSchema = { least: z.number(), most: z.number() };

/** Stored values with what gives them meaning, so that window and level are the viewer's own. */
const grayFactsSchema = z.strictObject({
  tag: z.literal('gray'),
  columns: edge,
  rows: edge,
  kind: z.enum(sampleKinds),
  ...rangeSchema,
  meant: z.strictObject(rangeSchema),
  polarity: z.enum(['normal', 'inverse']),
  slope: z.number(),
  intercept: z.number(),
  windows: z
    .array(z.strictObject({ center: z.number(), width: z.number(), name: z.string().max(64) }))
    .max(16),
  voiFunction: z.enum(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']),
  unit: z.string().max(16),
  padding: z.strictObject(rangeSchema).nullable(),
  modalityTable: tableSchema.nullable(),
  voiTable: tableSchema.nullable(),
  /** Height of a pixel by its width. */
  pixelAspect: z.number().min(0.05).max(20),
});

/** Three bytes a pixel: red, green, blue. */
const colourFactsSchema = z.strictObject({
  tag: z.literal('colour'),
  columns: edge,
  rows: edge,
  pixelAspect: z.number().min(0.05).max(20),
});

export const pictureFactsSchema = z.discriminatedUnion('tag', [grayFactsSchema, colourFactsSchema]);
export type PictureFacts = z.infer<typeof pictureFactsSchema>;
export type GrayPictureFacts = z.infer<typeof grayFactsSchema>;

/** How long the pixels of a picture must be, in bytes. */
export function pictureBytes(facts: PictureFacts): number {
  return facts.columns * facts.rows * (facts.tag === 'gray' ? sampleBytes(facts.kind) : 3);
}

/** The image as the device made it. */
export const imageFactsSchema = z.strictObject({
  rows: z.int().min(1).max(65_535),
  columns: z.int().min(1).max(65_535),
  frames: z.int().min(1).max(100_000),
  /** Per second, as recommended or recorded. */
  frameRate: z.number().min(1).max(60).nullable(),
});
export type ImageFacts = z.infer<typeof imageFactsSchema>;

export const pictureSchema = z.object({
  image: imageFactsSchema,
  /** Counts from 0. */
  frame: count,
  facts: pictureFactsSchema,
  /** Base64. */
  pixels: base64(maxPictureBytes),
});
export type Picture = z.infer<typeof pictureSchema>;
