/** A person's sign-in through a running engine, as the page asks for it, against a stand-in of the sign-in service. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import type { SignInEvent } from '../../src/shared/contract-secrets.ts';
import { clientId, startEntraAuthority, tenantId, type EntraAuthority } from '../support/entra-authority.ts';
import { TestInstallation } from '../support/installation.ts';

let authority: EntraAuthority;
let installation: TestInstallation;

beforeEach(async () => {
  authority = await startEntraAuthority();
  const entra = {
    kind: 'azure',
    container: 'edge-sync',
    endpoint: 'https://127.0.0.1:1',
    authorityHost: authority.url,
    tenantId,
    clientId,
  };
  installation = await TestInstallation.create({
    config: {
      dicom: { port: 0 },
      destinations: [
        { ...entra, name: 'cloud', auth: 'device-code' },
        { ...entra, name: 'second', auth: 'service-principal' },
      ],
    },
  });
});
afterEach(async () => {
  await installation.dispose();
  await authority.stop();
});

it('tells the code, then as whom, stores the sign-in, and is in the audit trail', async () => {
  const ca = installation.path('authority.pem');
  await writeFile(ca, authority.certificate);
  await installation.serve([], ['env', `NODE_EXTRA_CA_CERTS=${ca}`]);
  const client = createEngineClient({ dataDir: installation.dataDir });
  const secretOf = async (name: string) =>
    (await client.settings.list()).secrets.find((one) => one.name === name)?.state;
  expect(await secretOf('cloud')).toBe('not-set');

  authority.refuse(undefined);
  const events: SignInEvent[] = [];
  for await (const event of await client.secrets.signIn({ name: 'cloud' })) events.push(event);
  expect(events).toEqual([
    { tag: 'code', code: 'ABCD-1234', address: `${authority.url}/device` },
    { tag: 'signed-in', account: 'desk@clinic.example' },
  ]);
  expect(await secretOf('cloud')).toBe('set');
  const told = await installation.run([
    'audit',
    ...installation.flags(),
    '--action',
    'secret-stored',
    '--json',
  ]);
  expect(told.out).toContain('"subject":"cloud"');

  const wrong = await client.secrets.signIn({ name: 'second' });
  await expect(wrong[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'usage' });
}, 60_000);
