/**
 * The app's engine may run on Electron's Node, whose crypto library (BoringSSL) is not Node's. The same bundle runs on
 * both and must give the same values.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BothRuntimes } from '../support/both-runtimes.ts';
import { vectorFolder } from '../support/cms-vectors.ts';
import type { SelfcheckResult } from '../support/seal-selfcheck.ts';
import { needs } from '../support/tools.ts';

needs('electron-rig', 'unzip')('sealing on Electron’s Node (BoringSSL)', () => {
  let runtimes: BothRuntimes<SelfcheckResult>;

  beforeAll(async () => {
    runtimes = await BothRuntimes.bundle('seal-selfcheck-main.ts');
  });
  afterAll(() => runtimes.dispose());

  it('gives the same outcomes, bytes, names and keys as Node', async () => {
    const { onNode, onElectron } = await runtimes.run([vectorFolder]);
    expect(onElectron.runtime['electron']).toBeDefined();
    expect(onElectron.runtime['openssl']).toContain('0.0.0');
    expect(onElectron.result).toEqual(onNode.result);
    expect(onNode.result.outcomes['example.cms']).toEqual(['ok', 'ok']);
  });
});
