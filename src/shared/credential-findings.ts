/** What the look at a credential can find, as codes: told in English by the command line, in the reader's language by the page. */
import { z } from 'zod';

/** What a credential may do beyond adding and reading. */
export const findingVerbs = [
  'delete',
  'delete-versions',
  'delete-for-good',
  'move',
  'change-rights',
  'change-owner',
  'change-immutability',
  'overwrite',
] as const;
export type FindingVerb = (typeof findingVerbs)[number];

/** What protects, or does not protect, what is stored. */
export const findingHows = [
  'immutability-policy',
  'legal-hold',
  'versions-kept',
  'lock-compliance',
  'lock-governance',
  'nothing-kept',
  'no-versions',
  'not-to-be-seen',
] as const;
export type FindingHow = (typeof findingHows)[number];

const codes = [
  'account-key',
  'entra-role',
  'can-protected',
  'can-unprotected',
  'can-unknown',
  'add-and-read-only',
  'container',
  'bucket',
  'stored-policy',
  'right-missing',
  'rights-beyond',
  'plain-http',
  'signature-ended',
  'signature-ends',
  'folder',
  'other-archive',
] as const;
type FindingCode = (typeof codes)[number];

/** A code with what its sentence names. */
export const findingFactSchema = z.object({
  code: z.enum(codes),
  can: z.array(z.enum(findingVerbs)).max(findingVerbs.length).optional(),
  how: z.enum(findingHows).optional(),
  /** Letters of a signature's `sp`, as they stand there. */
  letters: z.array(z.string().length(1)).max(16).optional(),
  /** Whole days until the end. */
  days: z.int().optional(),
});
export type FindingFact = z.infer<typeof findingFactSchema>;

/** The sentences of one language: {can}, {how}, {letters}, {days} are filled in. */
export interface FindingWords {
  readonly sentences: Readonly<Record<FindingCode, string>>;
  readonly verbs: Readonly<Record<FindingVerb, string>>;
  readonly hows: Readonly<Record<FindingHow, string>>;
  /** Between the last two of a list. */
  readonly and: string;
}

export const enFindings: FindingWords = {
  sentences: {
    'account-key':
      'An account key can do everything in the whole storage account, deleting containers included: use a shared access signature or a service principal (docs/cloud-setup.md).',
    'entra-role':
      'What the app may do is set by its role in the portal and cannot be asked for: "Storage Blob Data Contributor" can also delete (docs/cloud-setup.md).',
    'can-protected': 'The credential can {can} objects, but {how}.',
    'can-unprotected':
      'The credential can {can} objects and nothing protects them: turn on versioning or immutability, or use a narrower credential (docs/cloud-setup.md).',
    'can-unknown':
      'The credential can {can} objects, and it may not see whether anything protects them: check versioning and immutability yourself (docs/cloud-setup.md).',
    'add-and-read-only': 'The credential can add and read; it can neither delete nor overwrite.',
    container: 'Container: {how}.',
    bucket: 'Bucket: {how}.',
    'stored-policy':
      'What the signature allows stands in a stored access policy and cannot be seen from here.',
    'right-missing': 'The signature lacks {letters}, which is needed.',
    'rights-beyond': 'The signature allows more than is needed: leave out {letters}.',
    'plain-http': 'The signature may be used over plain http: restrict it to https.',
    'signature-ended': 'The signature has ended: make a new one.',
    'signature-ends': 'The signature ends in {days} days: uploads stop then. Store a new one before.',
    folder:
      'Whoever may write to a folder may delete in it: keep snapshots of the share that this PC cannot delete (docs/cloud-setup.md).',
    'other-archive': 'Another Edge Sync archive lies in this place already.',
  },
  verbs: {
    delete: 'delete',
    'delete-versions': 'delete versions of',
    'delete-for-good': 'delete for good',
    move: 'move',
    'change-rights': 'change the rights of',
    'change-owner': 'change the owner of',
    'change-immutability': 'change the immutability of',
    overwrite: 'overwrite',
  },
  hows: {
    'immutability-policy': 'an immutability policy is on',
    'legal-hold': 'a legal hold is on',
    'versions-kept': 'older versions are kept',
    'lock-compliance': 'object lock keeps every version (compliance)',
    'lock-governance': 'object lock keeps every version (governance)',
    'nothing-kept': 'no versions are kept and no immutability policy is on',
    'no-versions': 'no versions are kept',
    'not-to-be-seen': 'this credential may not see whether versions are kept',
  },
  and: 'and',
};

/** What the letters are called where a signature is made; the portal of a clinic may be in any language. */
const rightNames: Readonly<Record<string, string>> = { r: 'Read', c: 'Create', w: 'Write', l: 'List' };

/** One finding as a sentence. What a code needs and does not have is left empty. */
export function findingText(fact: FindingFact, words: FindingWords): string {
  const { code, can = [], how, letters = [], days } = fact;
  const named =
    code === 'right-missing' ? letters.map((one) => `${rightNames[one] ?? ''} (${one})`) : letters;
  const values: Readonly<Record<string, string>> = {
    can: listed(
      can.map((verb) => words.verbs[verb]),
      words.and,
    ),
    how: how === undefined ? '' : words.hows[how],
    letters: named.join(', '),
    days: days === undefined ? '' : String(days),
  };
  return words.sentences[code].replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}

function listed(parts: readonly string[], and: string): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${and} ${parts.at(-1) ?? ''}`;
}
