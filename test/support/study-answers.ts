/** What the fake engine answers about one study: made up here, pictures too. */
import { implement, ORPCError } from '@orpc/server';
import type {
  StudyInstance,
  StudyHistoryEntry,
  StudySeries,
  StudyShown,
} from '../../src/shared/contract-study.ts';
import { contract } from '../../src/shared/contract.ts';
import { reportFor } from '../../src/shared/errors.ts';
import { pictureEdges, type Picture } from '../../src/shared/preview.ts';
import { minutesAgo, study } from './agent-states.ts';

export const destinationOf = (
  change: Partial<StudyShown['destinations'][number]> = {},
): StudyShown['destinations'][number] => ({
  name: 'cloud',
  required: true,
  waiting: 0,
  uploaded: 0,
  verified: 120,
  failed: 0,
  parked: 0,
  repaired: 0,
  inTrouble: 0,
  lastVerifiedAt: minutesAgo(9),
  checked: 0,
  lastCheckedAt: null,
  errors: [],
  nextAttemptAt: null,
  ...change,
});

export const seriesOf = (change: Partial<StudySeries> = {}): StudySeries => ({
  id: '0',
  modality: 'CT',
  number: '1',
  instances: 90,
  verified: 90,
  failed: 0,
  parked: 0,
  sizeBytes: 90 * 525_000,
  local: 90,
  sampleInstanceId: '45',
  ...change,
});

export function shownStudy(change: Partial<StudyShown> = {}): StudyShown {
  return {
    study: study(),
    local: 120,
    unreadable: 0,
    destinations: [
      destinationOf(),
      destinationOf({ name: 'second-site', required: false, verified: 118, waiting: 2 }),
    ],
    series: [
      seriesOf(),
      seriesOf({
        id: '1',
        modality: 'US',
        number: '2',
        instances: 30,
        verified: 30,
        sizeBytes: 30 * 525_000,
        sampleInstanceId: '1015',
        local: 30,
      }),
    ],
    seriesTotal: 2,
    ...change,
  };
}

export const historyOf = (): StudyHistoryEntry[] => [
  { tag: 'share', at: minutesAgo(2), action: 'created', kind: 'link', actor: 'web' },
  { tag: 'checked', at: minutesAgo(3), destination: 'cloud', images: 12 },
  { tag: 'audit', at: minutesAgo(4), action: 'phi-revealed', actor: 'web', outcome: 'success' },
  { tag: 'verified', at: minutesAgo(10), until: minutesAgo(9), destination: 'cloud', images: 120 },
  { tag: 'received', at: minutesAgo(12), until: minutesAgo(10), source: 'CT-ROOM-1', images: 120 },
];

/** What a test may change of the answers. */
export class StudyAnswers {
  shown: StudyShown = shownStudy();
  history: StudyHistoryEntry[] = historyOf();
  /** Image ids without a copy on this PC. */
  evicted = new Set<string>();
  /** Image ids that end in a refusal instead of a picture, with its code. */
  refused = new Map<string, Parameters<typeof reportFor>[0]>();
  hideAfterSeconds = 100;
  frames = 24;
  readonly grants = new Set<string>();
}

/** Like the engine: pages of images in order, pictures only for a reveal that lasts. */
export function studyHandlers(
  answers: StudyAnswers,
  note: (
    name:
      'study-reveal' | 'study-picture' | 'study-show' | 'study-history' | 'study-instances' | 'study-hide',
    input: unknown,
  ) => void,
) {
  const os = implement(contract.study);
  const refuse = (code: Parameters<typeof reportFor>[0]): never => {
    throw new ORPCError('EDGE_SYNC', { defined: true, status: 422, data: reportFor(code) });
  };
  return {
    find: os.find.handler(() => ({ studyId: answers.shown.study.id })),
    show: os.show.handler(({ input }) => {
      note('study-show', input);
      return answers.shown;
    }),
    instances: os.instances.handler(({ input }) => {
      note('study-instances', input);
      const series = answers.shown.series.find(({ id }) => id === input.seriesId);
      const total = series?.instances ?? 0;
      const first = Number(input.seriesId) * 1000;
      const count = Math.max(0, Math.min(input.limit, total - input.offset));
      return {
        instances: Array.from({ length: count }, (_, at) => instanceOf(answers, first, input.offset + at)),
        total,
      };
    }),
    history: os.history.handler(({ input }) => {
      note('study-history', input);
      return { entries: answers.history, auditBefore: null };
    }),
    reveal: os.reveal.handler(({ input }) => {
      note('study-reveal', input);
      const grant = `grant-${answers.grants.size + 1}`;
      answers.grants.add(grant);
      return {
        patientName: 'Example^Maria Gloria',
        patientId: 'EX-0001',
        studyDescription: 'Thorax',
        studyDate: '20260105',
        series: [
          { id: '0', description: 'Chest axial 5 mm' },
          { id: '1', description: 'Heart, four chambers' },
        ],
        grant,
        hideAfterSeconds: answers.hideAfterSeconds,
      };
    }),
    hide: os.hide.handler(({ input }) => {
      note('study-hide', input);
      answers.grants.delete(input.grant);
      return { hidden: true as const };
    }),
    picture: os.picture.handler(({ input }) => {
      note('study-picture', input);
      if (!answers.grants.has(input.grant)) return refuse('preview-hidden');
      const code = answers.refused.get(input.instanceId);
      if (code !== undefined) return refuse(code);
      if (input.from === 'here' && answers.evicted.has(input.instanceId)) return refuse('preview-not-here');
      return pictureOf(Number(input.instanceId), input.frame, input.size, answers.frames);
    }),
  };
}

function instanceOf(answers: StudyAnswers, first: number, at: number): StudyInstance {
  const id = String(first + at);
  return {
    id,
    number: String(at + 1),
    sizeBytes: 525_000,
    receivedAt: minutesAgo(12),
    state: 'verified',
    copyHere: !answers.evicted.has(id),
    flags: [],
    transferSyntax: 'JPEGLSLossless',
    deliveries: answers.shown.destinations.map(({ name }) => ({
      destination: name,
      state: 'verified',
      attempts: 1,
      error: null,
      nextAttemptAt: null,
      verifiedAt: minutesAgo(9),
      repaired: false,
      checkedAt: null,
      trouble: null,
    })),
  };
}

/** A disc on a ground, of its own place in each frame. Even ids are grey (CT), odd ones above 1000 in colour. */
function pictureOf(id: number, frame: number, size: 'thumbnail' | 'frame', clip: number): Picture {
  const edge = size === 'thumbnail' ? pictureEdges.thumbnail : 256;
  const isColour = id >= 1000;
  const image = { rows: 512, columns: 512, frames: isColour ? clip : 1, frameRate: isColour ? 20 : null };
  const shade = (x: number, y: number): number => {
    const [dx, dy] = [x / edge - 0.5 - Math.sin(frame / 4) * 0.1, y / edge - 0.5];
    const r = Math.hypot(dx, dy * 1.3);
    if (r > 0.4) return -1000;
    return r > 0.36 ? 700 : 40 + Math.round(60 * Math.sin(x / 7 + id) * Math.cos(y / 9));
  };
  if (size === 'thumbnail' || isColour) {
    const pixels = Buffer.alloc(edge * edge * 3);
    for (let at = 0; at < edge * edge; at += 1) {
      const gray = Math.max(0, Math.min(255, 128 + shade(at % edge, Math.floor(at / edge))));
      pixels.set([gray, isColour ? Math.round(gray * 0.6) : gray, isColour ? 60 : gray], at * 3);
    }
    return {
      image,
      frame,
      facts: { tag: 'colour', columns: edge, rows: edge, pixelAspect: 1 },
      pixels: pixels.toString('base64'),
    };
  }
  const pixels = Buffer.alloc(edge * edge * 2);
  for (let at = 0; at < edge * edge; at += 1)
    pixels.writeInt16LE(shade(at % edge, Math.floor(at / edge)), at * 2);
  return {
    image,
    frame,
    facts: {
      tag: 'gray',
      columns: edge,
      rows: edge,
      kind: 'i16',
      least: -1000,
      most: 700,
      meant: { least: -1000, most: 700 },
      polarity: 'normal',
      slope: 1,
      intercept: 0,
      windows: [{ center: 40, width: 400, name: '' }],
      voiFunction: 'LINEAR',
      unit: 'HU',
      padding: null,
      modalityTable: null,
      voiTable: null,
      pixelAspect: 1,
    },
    pixels: pixels.toString('base64'),
  };
}
