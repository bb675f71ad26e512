import { afterEach, describe, expect, it, vi } from 'vitest';
import { needs, soakCount, testSeed } from '../support/tools.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('what a test says it needs', () => {
  // Called by another name, so that the runner does not take this file for a suite that needs the tool.
  const ask = needs;

  it('runs the suite where the tool stands', () => {
    expect(ask()).toBe(describe);
  });

  it('leaves the suite out where it does not', () => {
    vi.stubEnv('CI', '');
    vi.stubEnv('PATH', '/nowhere');

    expect(ask('rclone')).not.toBe(describe);
  });

  it('fails in CI instead, with the command that brings the tool', () => {
    vi.stubEnv('CI', 'true');
    vi.stubEnv('PATH', '/nowhere');

    expect(() => ask('rclone')).toThrow('apt-get install rclone');
  });

  it('runs long tests in full only when asked to', () => {
    vi.stubEnv('EDGE_SYNC_SOAK', '');
    expect(soakCount(10, 1000)).toBe(10);
    vi.stubEnv('EDGE_SYNC_SOAK', '1');
    expect(soakCount(10, 1000)).toBe(1000);
  });

  it('takes its seed from the environment and refuses one that is no seed', () => {
    vi.stubEnv('EDGE_SYNC_SEED', '42');
    expect(testSeed()).toBe(42);
    vi.stubEnv('EDGE_SYNC_SEED', 'x');
    expect(() => testSeed()).toThrow('EDGE_SYNC_SEED');
  });
});
