/** `edge-sync entra` against a stand-in of the sign-in service, and the engine's own way to the sign-in it stored. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clientId, startEntraAuthority, tenantId, type EntraAuthority } from '../support/entra-authority.ts';
import { TestInstallation } from '../support/installation.ts';

let authority: EntraAuthority;
let installation: TestInstallation;

beforeEach(async () => {
  authority = await startEntraAuthority();
  authority.refreshTokenLength = 4000;
  installation = await TestInstallation.create({
    config: {
      destinations: [
        {
          name: 'cloud',
          kind: 'azure',
          container: 'edge-sync',
          auth: 'device-code',
          endpoint: 'https://127.0.0.1:1',
          authorityHost: authority.url,
          tenantId,
          clientId,
        },
      ],
    },
  });
});
afterEach(async () => {
  await installation.dispose();
  await authority.stop();
});

it('signs in, stores the sign-in, and uses it from then on', async () => {
  const ca = installation.path('authority.pem');
  await writeFile(ca, authority.certificate);
  const environment = { NODE_EXTRA_CA_CERTS: ca };
  const run = (args: readonly string[]) =>
    installation.run([...args, ...installation.flags()], { environment });

  const before = await run(['config', 'check']);
  expect(before.out).toContain('[entra-sign-in-needed]');

  authority.refuse(undefined);
  const signedIn = await run(['entra', 'sign-in', 'cloud']);
  expect(signedIn.code, signedIn.err).toBe(0);
  expect(signedIn.out).toContain('ABCD-1234');
  expect(signedIn.out).toContain(`${authority.url}/device`);
  expect(signedIn.out).toContain('Signed in as desk@clinic.example');
  expect(signedIn.out + signedIn.err).not.toMatch(/refresh-|access-/);

  // Nothing listens at the account: the sign-in was used, and what fails comes after it.
  const after = await run(['config', 'check']);
  expect(after.out).toContain('[cloud-unreachable]');
  expect(authority.grants).toContain('refresh_token');

  authority.refuse({ error: 'invalid_grant', error_codes: [700082] });
  const ended = await run(['config', 'check']);
  expect(ended.out).toContain('[entra-sign-in-needed]');

  const signedOut = await run(['entra', 'sign-out', 'cloud']);
  expect(signedOut.code, signedOut.err).toBe(0);
  const wrong = await run(['entra', 'sign-in', 'nas']);
  expect(wrong.err).toContain('[usage]');
}, 60_000);
