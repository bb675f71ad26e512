/** The phantom studies of the demo: a chest CT, a colour ultrasound of the heart, an X-ray of a hand. */
import { buildFileMeta } from '../../engine/dicom/part10.ts';
import { newUid } from '../../engine/dicom/uid.ts';
import type { Random } from '../../engine/ports.ts';
import { ctInstances } from './ct-series.ts';
import {
  dicomMoment,
  type DrawnInstance,
  type PhantomInstance,
  type PhantomPatient,
  type PhantomStudy,
} from './phantom-study.ts';
import { ultrasoundInstances } from './ultrasound-clip.ts';
import { xrayInstances } from './xray-image.ts';

export type { PhantomInstance } from './phantom-study.ts';

interface StudyPlan {
  readonly patient: PhantomPatient;
  readonly description: string;
  readonly minutesAgo: number;
  readonly draw: (study: PhantomStudy, seed: number) => Iterable<DrawnInstance>;
}

const plans: readonly StudyPlan[] = [
  {
    patient: { name: 'PHANTOM^ANNA', id: 'PHANTOM-0001', birthDate: '19580412', sex: 'F' },
    description: 'CT chest with contrast (phantom)',
    minutesAgo: 42,
    draw: ctInstances,
  },
  {
    patient: { name: 'PHANTOM^BJÖRN', id: 'PHANTOM-0002', birthDate: '19710930', sex: 'M' },
    description: 'Echocardiography (phantom)',
    minutesAgo: 25,
    draw: ultrasoundInstances,
  },
  {
    patient: { name: 'PHANTOM^CLARA', id: 'PHANTOM-0003', birthDate: '20030117', sex: 'F' },
    description: 'X-ray left hand (phantom)',
    minutesAgo: 11,
    draw: xrayInstances,
  },
];

/**
 * Three studies of three patients who do not exist, image by image: nothing is drawn before an instance's bytes are
 * asked for, and nothing is kept after. The same `random` and `nowMs` give the same bytes.
 * @param nowMs epoch milliseconds; the studies are dated shortly before
 */
export function* makePhantomStudies(world: {
  readonly random: Random;
  readonly nowMs: number;
}): Iterable<PhantomInstance> {
  const { random, nowMs } = world;
  for (const [index, plan] of plans.entries()) {
    const study: PhantomStudy = {
      patient: plan.patient,
      description: plan.description,
      studyInstanceUid: newUid(random),
      accessionNumber: `PH${String(index + 1).padStart(6, '0')}`,
      studyId: String(index + 1),
      ...dicomMoment(nowMs - plan.minutesAgo * 60_000),
      newUid: () => newUid(random),
    };
    const seed = random.bytes(4).readUInt32LE();
    for (const drawn of plan.draw(study, seed)) yield withFile(drawn);
  }
}

function withFile(drawn: DrawnInstance): PhantomInstance {
  return { ...drawn, part10: () => Buffer.concat([buildFileMeta(drawn), drawn.dataset()]) };
}
