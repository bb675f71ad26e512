import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { DriveAccess, DrivePlaces } from './drive-access.ts';
import { driveKind, driveKindOf } from './drive-kind.ts';

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

describe('a call to a drive', () => {
  test('gives its result, or its own error', async () => {
    const access = new DriveAccess(clock);
    expect(await access.run(() => Promise.resolve(7))).toBe(7);
    await expect(access.run(() => Promise.reject(new Error('EACCES')))).rejects.toThrow('EACCES');
    expect(access.isStuck).toBe(false);
  });

  test('that misses its deadline is given up, and no other is made until it returns', async () => {
    const access = new DriveAccess(clock, undefined, 1000);
    const hung = Promise.withResolvers<string>();
    const late: string[] = [];
    const given = access.run(
      () => hung.promise,
      (value) => late.push(value),
    );
    const refused = expect(given).rejects.toMatchObject({ code: 'folder-not-reachable' });
    await clock.advance(1000);
    await refused;
    expect(access.isStuck).toBe(true);
    let called = false;
    const next = access.run(() => {
      called = true;
      return Promise.resolve();
    });
    await expect(next).rejects.toMatchObject({ code: 'folder-not-reachable' });
    expect(called).toBe(false);
    hung.resolve('a handle');
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    // Whoever opened it has to close it.
    expect(late).toEqual(['a handle']);
    expect(access.isStuck).toBe(false);
    expect(await access.run(() => Promise.resolve('again'))).toBe('again');
  });

  test('takes one of the places that all network drives share, and gives it back', async () => {
    const places = new DrivePlaces(2);
    const drives = [1, 2, 3].map(() => new DriveAccess(clock, places, 1000));
    const hung = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
    const given = hung.map((one, index) => expect(drives[index]!.run(() => one.promise)).rejects.toThrow());
    let reached = false;
    const third = drives[2]!.run(() => {
      reached = true;
      return Promise.resolve(3);
    });
    const refused = expect(third).rejects.toMatchObject({ code: 'folder-not-reachable' });
    await clock.advance(1000);
    await Promise.all([...given, refused]);
    expect(reached).toBe(false);
    expect(drives[2]!.isStuck).toBe(false);
    hung[0]!.resolve(1);
    expect(await drives[2]!.run(() => Promise.resolve(3))).toBe(3);
    hung[1]!.resolve(2);
  });
});

describe('a drive', () => {
  test.each([
    ['linux', '/mnt/share', 0xff534d42, 'network'],
    ['linux', '/mnt/share', 0x6969, 'network'],
    ['linux', '/mnt/share', 0xfe534d42 | 0, 'network'],
    ['linux', '/home/x', 0xef53, 'local'],
    ['win32', '\\\\server\\share\\x', 0, 'network'],
    ['win32', 'D:\\scans', 0, 'local'],
    ['win32', '\\\\?\\D:\\scans', 0, 'local'],
    ['darwin', '/Volumes/share', 0x17, 'network'],
    ['darwin', '/Users/x', 0x1a, 'local'],
  ] as const)('on %s at %s of type %i is %s', (platform, path, type, kind) => {
    expect(driveKind(platform, path, type)).toBe(kind);
  });

  test.runIf(process.platform === 'linux')('of this PC is known as local', async () => {
    expect(await driveKindOf('/proc/self')).toBe('local');
    await expect(driveKindOf('/nowhere')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
