import { hkdfSync, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { Secret } from '../system/secret.ts';
import { linkText, newLinkKey } from './share-link.ts';

describe('the key of a link', () => {
  it('is HKDF over the secret of the link', async () => {
    const { kek, keyPart } = await newLinkKey(undefined, new FakeRandom());
    const [kind, secret = '', ...rest] = keyPart.revealText().split('.');
    expect([kind, rest]).toEqual(['k', []]);
    const expected = hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', 'edge-sync share kek v1', 32);
    expect(kek.reveal().equals(Buffer.from(expected))).toBe(true);
  });

  it('with a passcode takes it in by scrypt with the parameters that the link names', async () => {
    const { kek, keyPart } = await newLinkKey(Secret.fromText('three unlikely otters'), new FakeRandom());
    const [kind, secret = '', salt = '', logN = ''] = keyPart.revealText().split('.');
    expect([kind, logN]).toEqual(['p', '17']);
    const stretched = scryptSync('three unlikely otters', Buffer.from(salt, 'base64url'), 32, {
      N: 2 ** 17,
      r: 8,
      p: 1,
      maxmem: 2 ** 28,
    });
    const material = Buffer.concat([Buffer.from(secret, 'base64url'), stretched]);
    const expected = hkdfSync('sha256', material, '', 'edge-sync share kek v1', 32);
    expect(kek.reveal().equals(Buffer.from(expected))).toBe(true);
  });

  it('is told by no usual way of printing it', async () => {
    const { keyPart, kek } = await newLinkKey(undefined, new FakeRandom());
    const link = linkText('viewer.html', 'https://cloud.example/index.cms?sig=x', keyPart);
    expect(`${String(link)} ${JSON.stringify({ link, keyPart, kek })}`).not.toContain(
      keyPart.revealText().slice(2),
    );
    expect(link.revealText()).toBe(
      `viewer.html#v1.${Buffer.from('https://cloud.example/index.cms?sig=x').toString('base64url')}.${keyPart.revealText()}`,
    );
  });
});
