import { describe, expect, it } from 'vitest';
import { containerIn, emptyDraft, parseDraft, withChange } from './destination-draft.ts';
import type { DestinationDraft } from './destination-draft.ts';

const draft = (change: Partial<DestinationDraft>): DestinationDraft => ({ ...emptyDraft([]), ...change });
const problemsOf = (change: Partial<DestinationDraft>) => {
  const parsed = parseDraft(draft(change));
  return parsed.tag === 'problems' ? parsed.problems : {};
};

describe('a storage as it is typed in', () => {
  it('names every field that is still empty', () => {
    expect(problemsOf({})).toEqual({ container: 'missing', credential: 'missing' });
    expect(Object.keys(problemsOf({ signIn: 'service-principal' })).sort()).toEqual(
      ['account', 'clientId', 'container', 'credential', 'tenantId'].sort(),
    );
    expect(problemsOf({ kind: 'folder' })).toEqual({ path: 'missing' });
  });

  it('names what the settings would refuse, at its field', () => {
    expect(problemsOf({ container: 'Not Allowed', credential: 'x', prefix: '/a' })).toEqual({
      container: 'malformed',
      prefix: 'malformed',
    });
    expect(problemsOf({ kind: 's3', bucket: 'images', keyId: 'a:b', credential: 'x' })).toEqual({
      keyId: 'malformed',
    });
    expect(
      problemsOf({ kind: 's3', bucket: 'images', keyId: 'a', credential: 'x', endpoint: 'http://s3.test' }),
    ).toEqual({ endpoint: 'malformed' });
  });

  it('gives the engine only what belongs to the kind, always as required', () => {
    expect(parseDraft(draft({ container: ' images ', credential: ' secret ', bucket: 'no' }))).toEqual({
      tag: 'ready',
      destination: {
        kind: 'azure',
        name: 'cloud',
        container: 'images',
        prefix: '',
        required: true,
        auth: 'sas-url',
      },
      credential: 'secret',
    });
    expect(
      parseDraft(draft({ kind: 's3', bucket: 'images', keyId: 'KEY', credential: 'SECRET' })),
    ).toMatchObject({ credential: 'KEY:SECRET' });
    expect(parseDraft(draft({ kind: 'folder', path: '/mnt/nas' }))).toMatchObject({ credential: null });
  });

  it('takes the container from an address with a signature', () => {
    const address = 'https://clinic.blob.core.windows.net/images?sv=2024&sig=abc';
    expect(withChange(draft({}), { credential: address }).container).toBe('images');
    expect(containerIn('http://127.0.0.1:10000/account/images?sig=abc')).toBe('images');
    expect(containerIn('https://clinic.blob.core.windows.net/images')).toBeUndefined();
    expect(withChange(draft({ container: 'mine' }), { credential: 'no address' }).container).toBe('mine');
  });

  it('offers a name that no other destination has', () => {
    expect(emptyDraft(['cloud', 'cloud-2']).name).toBe('cloud-3');
  });
});
