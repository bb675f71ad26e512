import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { isStorageSopClass } from '../dicom/sop-classes.ts';
import type { IncidentReport } from '../model.ts';
import { RefusedClassReports, refusedClasses } from './refused-classes.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const futureClass = '1.2.840.10008.5.1.4.1.1.999';
const privateClass = '1.3.46.670589.5.0.1';
const littleEndian = '1.2.840.10008.1.2.1';

const us1 = { callingAeTitle: 'US1', remoteAddress: '127.0.0.1', deviceId: null };

function proposal(...classes: readonly string[]) {
  return {
    contexts: classes.map((abstractSyntax, index) => ({
      id: 2 * index + 1,
      abstractSyntax,
      transferSyntaxes: [littleEndian],
    })),
  };
}

describe('what a device cannot send', () => {
  it('is a storage class of the standard that is not known here, or a private class', () => {
    expect(refusedClasses(proposal(ct, futureClass, privateClass), [], isStorageSopClass)).toEqual([
      { abstractSyntax: ct, code: 'dicom-syntax-refused' },
      { abstractSyntax: futureClass, code: 'dicom-class-unknown' },
      { abstractSyntax: privateClass, code: 'dicom-class-unknown' },
    ]);
  });

  it('is not what another context of the association carries', () => {
    const accepted = [{ abstractSyntax: ct, transferSyntax: littleEndian }];
    expect(refusedClasses(proposal(ct, ct), accepted, isStorageSopClass)).toEqual([]);
  });

  it('is told once per class, and never verification, query, worklist, MPPS, print or commitment', () => {
    const services = [
      '1.2.840.10008.1.1',
      '1.2.840.10008.1.20.1',
      '1.2.840.10008.3.1.2.3.3',
      '1.2.840.10008.5.1.1.9',
      '1.2.840.10008.5.1.4.1.2.2.1',
      '1.2.840.10008.5.1.4.31',
      '1.2.840.10008.5.1.4.34.6.1',
    ];
    expect(
      refusedClasses(proposal(...services, privateClass, privateClass), [], isStorageSopClass),
    ).toHaveLength(1);
  });
});

describe('reports of refused classes', () => {
  function reports() {
    const incidents: IncidentReport[] = [];
    const clock = new FakeClock();
    return {
      incidents,
      clock,
      reports: new RefusedClassReports((incident) => void incidents.push(incident), clock),
    };
  }

  it('name caller and class, once a day', async () => {
    const { incidents, clock, reports: told } = reports();
    const refused = refusedClasses(proposal(ct, privateClass), [], isStorageSopClass);
    told.tell(us1, refused);
    told.tell(us1, refused);
    expect(incidents).toEqual([
      { code: 'dicom-syntax-refused', subject: `US1@127.0.0.1 ${ct}`, detail: 'CTImageStorage' },
      { code: 'dicom-class-unknown', subject: `US1@127.0.0.1 ${privateClass}`, detail: privateClass },
    ]);
    told.tell({ ...us1, callingAeTitle: 'US2' }, refused);
    expect(incidents).toHaveLength(4);
    await clock.advance(24 * 3_600_000);
    told.tell(us1, refused);
    expect(incidents).toHaveLength(6);
  });

  it('do not repeat a UID that is none', () => {
    const { incidents, reports: told } = reports();
    told.tell(us1, refusedClasses(proposal('Doe^Jane'), [], isStorageSopClass));
    expect(incidents).toMatchObject([{ detail: 'its class has no valid UID' }]);
  });

  it('tell a caller with very many classes over several associations', () => {
    const { incidents, reports: told } = reports();
    const refused = refusedClasses(
      proposal(...Array.from({ length: 30 }, (_, n) => `${privateClass}.${n}`)),
      [],
      isStorageSopClass,
    );
    told.tell(us1, refused);
    expect(incidents).toHaveLength(20);
    told.tell(us1, refused);
    expect(incidents).toHaveLength(30);
  });
});
