import { describe, expect, it } from 'vitest';
import { FakeKeyStore } from '../../../../test/fakes/fake-key-store.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { isSameSignIn } from '../cloud/entra-sign-in.ts';
import { Secret } from '../system/secret.ts';
import {
  destinationSecret,
  removeDestinationSecret,
  renewDestinationSecret,
  storeDestinationSecret,
} from './destination-secret.ts';

const random = new FakeRandom('parts');
const none = new Map<string, Secret>();
/** A sign-in as it is kept: longer than one entry of a key store. */
const signIn = (person: string, token: string): Secret =>
  Secret.fromText(
    JSON.stringify({ version: 1, record: person, cache: { RefreshToken: { one: token.repeat(4000) } } }),
  );

async function stored(keyStore: FakeKeyStore): Promise<string | undefined> {
  return (await destinationSecret('cloud', none, keyStore))?.revealText();
}

function renew(keyStore: FakeKeyStore, kept: Secret): Promise<boolean> {
  return renewDestinationSecret('cloud', (current) => isSameSignIn(current, kept), kept, keyStore, random);
}

describe('a renewed sign-in', () => {
  it('takes the place of the one before', async () => {
    const keyStore = new FakeKeyStore();
    await storeDestinationSecret('cloud', signIn('ana', 'a'), keyStore, random);
    expect(await renew(keyStore, signIn('ana', 'b'))).toBe(true);
    expect(await stored(keyStore)).toBe(signIn('ana', 'b').revealText());
  });

  it('leaves alone what somebody entered meanwhile: another person, another kind of credential, or none', async () => {
    for (const entered of [signIn('bea', 'x'), Secret.fromText('AccountName=clinic;AccountKey=AAAA')]) {
      const keyStore = new FakeKeyStore();
      await storeDestinationSecret('cloud', signIn('ana', 'a'), keyStore, random);
      await storeDestinationSecret('cloud', entered, keyStore, random);
      expect(await renew(keyStore, signIn('ana', 'b'))).toBe(false);
      expect(await stored(keyStore)).toBe(entered.revealText());
    }
    const signedOut = new FakeKeyStore();
    expect(await renew(signedOut, signIn('ana', 'b'))).toBe(false);
    expect(await stored(signedOut)).toBeUndefined();
  });

  it('of two connections at once leaves one whole credential, and nothing behind when that is removed', async () => {
    const keyStore = new FakeKeyStore();
    await storeDestinationSecret('cloud', signIn('ana', 'a'), keyStore, random);
    await Promise.all(['b', 'c', 'd'].map((token) => renew(keyStore, signIn('ana', token))));
    expect(await stored(keyStore)).toBe(signIn('ana', 'd').revealText());
    await removeDestinationSecret('cloud', keyStore);
    expect(keyStore.names).toEqual([]);
  });
});
