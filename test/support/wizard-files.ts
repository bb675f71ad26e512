import { writeFile } from 'node:fs/promises';
import { makeDicomFile, testUid } from './dicom-files.ts';
import type { TestInstallation } from './installation.ts';

/** An ultrasound image of nobody, as a file beside the installation; `label` makes its identity. */
export async function dicomTestFile(installation: TestInstallation, label: string): Promise<string> {
  const path = installation.path(`${label.replaceAll(' ', '-')}.dcm`);
  await writeFile(path, makeDicomFile({ sopInstanceUid: testUid(label), modality: 'US' }).bytes);
  return path;
}
