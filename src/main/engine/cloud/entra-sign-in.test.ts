/** The vendor's library against a stand-in authority on loopback, over TLS with a test authority. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  clientId,
  startEntraAuthority,
  tenantId,
  type EntraAuthority,
} from '../../../../test/support/entra-authority.ts';
import { FakeKeyStore } from '../../../../test/fakes/fake-key-store.ts';
import {
  destinationSecret,
  removeDestinationSecret,
  storeDestinationSecret,
} from '../keys/destination-secret.ts';
import { SystemRandom } from '../system/random.ts';
import { Secret } from '../system/secret.ts';
import {
  entraUserTokens,
  signedInAs,
  signInByDeviceCode,
  type DeviceCode,
  type EntraApp,
} from './entra-sign-in.ts';

let authority: EntraAuthority;
let app: EntraApp;

beforeEach(async () => {
  authority = await startEntraAuthority();
  app = { tenantId, clientId, authorityHost: authority.url, authority: 'own' };
});
afterEach(() => authority.stop());

const signIn = (
  onCode: (code: DeviceCode) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Secret> => signInByDeviceCode(app, authority.outgoing, onCode, signal);
const tokenOf = async (kept: Secret, keep?: (now: Secret) => Promise<void>): Promise<string | undefined> =>
  (await entraUserTokens(app, kept, authority.outgoing, keep).getToken('any'))?.token;

it('shows code and address, waits until somebody has entered it, and keeps no access token', async () => {
  const codes: DeviceCode[] = [];
  authority.refuse({ error: 'authorization_pending' });
  const kept = await signIn((code) => {
    codes.push(code);
    authority.refuse(undefined);
  });
  expect(codes).toEqual([{ code: 'ABCD-1234', address: `${authority.url}/device` }]);
  expect(signedInAs(kept)).toBe('desk@clinic.example');
  expect(kept.revealText()).toContain('refresh-1-');
  expect(kept.revealText()).not.toContain('access-');
  expect(inspect(kept)).not.toContain('refresh');
});

it('gives tokens from what was kept, with nobody there, and has the renewed sign-in kept', async () => {
  const kept = await signIn();
  const later: Secret[] = [];
  expect(await tokenOf(kept, async (now) => void later.push(await Promise.resolve(now)))).toBe('access-2');
  expect(authority.used).toEqual([expect.stringMatching(/^refresh-1-/)]);
  expect(later).toHaveLength(1);
  const [next] = later;
  if (next === undefined) throw new Error('nothing kept');
  expect(await tokenOf(next)).toBe('access-3');
  expect(authority.used[1]).toMatch(/^refresh-2-/);
});

it('asks once for a token and gives it again while it is good', async () => {
  const tokens = entraUserTokens(app, await signIn(), authority.outgoing);
  const first = await tokens.getToken('any');
  expect((await tokens.getToken('any'))?.token).toBe(first?.token);
  expect(authority.used).toHaveLength(1);
});

it('goes on when a renewal could not be kept', async () => {
  const kept = await signIn();
  expect(await tokenOf(kept, () => Promise.reject(new Error('locked')))).toBe('access-2');
});

it.each([
  ['has ended', { error: 'invalid_grant', error_codes: [700082] }, 'entra-sign-in-needed', 'AADSTS700082'],
  [
    'needs a person',
    { error: 'interaction_required', error_codes: [50076] },
    'entra-sign-in-needed',
    'AADSTS50076',
  ],
  [
    'lacks consent',
    { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' },
    'entra-consent-needed',
    'AADSTS65001',
  ],
  [
    'is of no public app',
    { error: 'invalid_client', error_codes: [7000218] },
    'entra-not-allowed',
    'AADSTS7000218',
  ],
])('a sign-in that %s is told with its number and nothing else', async (_what, refusal, code, number) => {
  const kept = await signIn();
  authority.refuse(refusal);
  const failed = tokenOf(kept);
  await expect(failed).rejects.toMatchObject({ code, detail: expect.stringContaining(number) as string });
  await expect(failed).rejects.not.toMatchObject({ detail: expect.stringContaining('nobody') as string });
});

it.each([
  ['declined', { error: 'authorization_declined' }, 'entra-sign-in-ended'],
  ['not entered in time', { error: 'expired_token' }, 'entra-sign-in-ended'],
  ['without consent', { error: 'invalid_grant', error_codes: [65001] }, 'entra-consent-needed'],
])('a code that is %s ends the waiting', async (_what, refusal, code) => {
  authority.refuse(refusal);
  await expect(signIn()).rejects.toMatchObject({ code });
});

it('is cancelled while it waits', async () => {
  authority.refuse({ error: 'authorization_pending' });
  const cancel = new AbortController();
  await expect(signIn(() => cancel.abort(), cancel.signal)).rejects.toMatchObject({ code: 'cancelled' });
});

it('a directory that cannot be reached is the line, not the sign-in', async () => {
  const kept = await signIn();
  await authority.stop();
  await expect(tokenOf(kept)).rejects.toMatchObject({ code: 'cloud-unreachable' });
  authority = await startEntraAuthority();
});

it('what is no sign-in is asked for again', () => {
  expect(() => entraUserTokens(app, Secret.fromText('{}'), authority.outgoing)).toThrow(
    expect.objectContaining({ code: 'entra-sign-in-needed' }),
  );
});

it('a sign-in longer than an entry of the key store comes back whole from several, and goes whole', async () => {
  authority.refreshTokenLength = 6000;
  const kept = await signIn();
  const store = new FakeKeyStore();
  const random = new SystemRandom();
  await storeDestinationSecret('cloud', kept, store, random);
  const read = await destinationSecret('cloud', new Map(), store);
  expect(read?.revealText()).toBe(kept.revealText());
  authority.refreshTokenLength = 40;
  await storeDestinationSecret('cloud', Secret.fromText('short'), store, random);
  expect((await destinationSecret('cloud', new Map(), store))?.revealText()).toBe('short');
  expect(store.names).toEqual(['secret-cloud']);
  await storeDestinationSecret('cloud', kept, store, random);
  await removeDestinationSecret('cloud', store);
  expect(await destinationSecret('cloud', new Map(), store)).toBeUndefined();
  expect(store.names).toEqual([]);
});
