import { describe, expect, test } from 'vitest';
import {
  isStorageSopClass,
  mediaStorageDirectorySopClass,
  sopClassKeyword,
  storageCommitmentPushSopClass,
  storageSopClasses,
  verificationSopClass,
} from './sop-classes.ts';

const storage = '1.2.840.10008.5.1.4.1.1';

describe('Storage SOP classes', () => {
  test('are listed once each, by UID and by keyword, all under the DICOM root', () => {
    expect(new Set(storageSopClasses.map((one) => one.uid)).size).toBe(storageSopClasses.length);
    expect(new Set(storageSopClasses.map((one) => one.keyword)).size).toBe(storageSopClasses.length);
    for (const one of storageSopClasses)
      expect(one.uid).toMatch(/^1\.2\.840\.10008\.5\.1\.(1|4)\.[1-9][0-9.]*[0-9]$/);
    for (const one of storageSopClasses) expect(one.keyword).toMatch(/^[A-Z0-9][A-Za-z0-9]*Storage/);
  });

  test('include what a clinic sends', () => {
    const sent: Readonly<Record<string, string>> = {
      [`${storage}.1`]: 'ComputedRadiographyImageStorage',
      [`${storage}.1.1`]: 'DigitalXRayImageStorageForPresentation',
      [`${storage}.1.3`]: 'DigitalIntraOralXRayImageStorageForPresentation',
      [`${storage}.2`]: 'CTImageStorage',
      [`${storage}.2.1`]: 'EnhancedCTImageStorage',
      [`${storage}.3.1`]: 'UltrasoundMultiFrameImageStorage',
      [`${storage}.4`]: 'MRImageStorage',
      [`${storage}.6.1`]: 'UltrasoundImageStorage',
      [`${storage}.7`]: 'SecondaryCaptureImageStorage',
      [`${storage}.13.1.2`]: 'XRay3DCraniofacialImageStorage',
      [`${storage}.88.67`]: 'XRayRadiationDoseSRStorage',
      [`${storage}.104.1`]: 'EncapsulatedPDFStorage',
      [`${storage}.481.5`]: 'RTPlanStorage',
    };
    for (const [uid, keyword] of Object.entries(sent)) expect(sopClassKeyword(uid)).toBe(keyword);
  });

  test('include the retired ultrasound and nuclear medicine classes', () => {
    for (const end of ['3', '5', '6']) {
      const uid = `${storage}.${end}`;
      expect(isStorageSopClass(uid)).toBe(true);
      expect(storageSopClasses.find((one) => one.uid === uid)?.status).toBe('retired');
    }
  });

  test('exclude DICOMDIR, services and anything that only looks like a class', () => {
    for (const uid of [
      mediaStorageDirectorySopClass,
      verificationSopClass,
      storageCommitmentPushSopClass,
      '1.2.840.10008.5.1.4.1.2.2.1',
      '1.2.840.10008.5.1.4.31',
      storage,
      `${storage}.2.`,
      `${storage}.2\0`,
      `${storage}.9999`,
      '',
      '__proto__',
      'constructor',
    ]) {
      expect(isStorageSopClass(uid)).toBe(false);
    }
  });
});
