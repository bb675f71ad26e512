/** What the page asks the desktop's own file dialog for, and what it hears. Only the desktop app has one. */
import { z } from 'zod';

/** What a path is for: the shell decides by it what can be chosen, and what the dialog says. */
export const pathPurposes = [
  'import-file',
  'import-folder',
  'restore',
  'watch',
  'destination',
  'certificate',
  'proxy-script',
] as const;
export type PathPurpose = (typeof pathPurposes)[number];
export const pathPurposeSchema = z.enum(pathPurposes);

/** Characters: Linux' longest path (PATH_MAX); the fields that take it have shorter limits of their own. */
const longestPath = 4096;

export const pathAnswerSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('chosen'), path: z.string().min(1).max(longestPath) }),
  z.strictObject({ tag: z.literal('cancelled') }),
]);
export type PathAnswer = Readonly<z.output<typeof pathAnswerSchema>>;
