/**
 * What engine and shell of the desktop app say to each other about decoding processes. The engine may start no program
 * there; the shell starts one for it and hands it a message port to it. No byte of an image passes the shell.
 */
import { z } from 'zod';

/** JavaScript heap of a decoding process, however it is started. */
export const decoderHeapMegabytes = 256;
/** All of its memory: the largest file, its largest frame decoded, the codec's own memory, and the runtime. */
export const decoderMemoryBytes = 1_536 * 1024 * 1024;

/** Chosen by the engine, counted up: which decoder of this engine's is meant. */
const life = z.int().min(1);

/** Engine to shell. */
export const decoderErrandSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('decoder-start'), life }),
  z.strictObject({ tag: z.literal('decoder-kill'), life }),
]);
export type DecoderErrand = z.infer<typeof decoderErrandSchema>;

/** Shell to engine. `decoder-started` comes with the port; `decoder-ended` once the process is gone, or was never there. */
export const decoderNewsSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('decoder-started'), life, pid: z.int().optional() }),
  z.strictObject({ tag: z.literal('decoder-ended'), life }),
]);
export type DecoderNews = z.infer<typeof decoderNewsSchema>;
