import { describe, expect, it } from 'vitest';
import { settingsSchema } from '../../shared/settings.ts';
import { SettingsInForce } from './settings-in-force.ts';

const settings = (more: Record<string, unknown>) => settingsSchema.parse(more);

describe('the view of the settings in force', () => {
  it('follows every change, through groups that somebody holds', () => {
    const inForce = new SettingsInForce(settings({}));
    const { upload } = inForce.view;
    inForce.replace(settings({ upload: { concurrency: 3 } }));
    expect([upload.concurrency, inForce.view.upload.concurrency]).toEqual([3, 3]);
  });

  it('shows values that were not there at first, and no longer those that went', () => {
    const inForce = new SettingsInForce(settings({}));
    const { proxy } = inForce.view.network;
    const { webhook } = inForce.view.alerts;
    const manual = { mode: 'manual', address: 'http://proxy.example:3128' };
    inForce.replace(
      settings({
        network: { proxy: manual },
        alerts: { webhook: { url: 'https://hook.example/' } },
        sharing: { container: 'shares' },
      }),
    );
    expect(proxy.address).toBe(manual.address);
    expect(webhook.url).toBe('https://hook.example/');
    expect(inForce.view.sharing?.container).toBe('shares');
    expect({ ...inForce.view.network.proxy }).toMatchObject(manual);
    inForce.replace(settings({}));
    expect([proxy.address, webhook.url, inForce.view.sharing]).toEqual([undefined, undefined, undefined]);
    expect(Object.keys(proxy)).not.toContain('address');
  });

  it('reads as the settings do, whole and copied', () => {
    const whole = settings({ folders: [{ path: '/scans' }], sharing: { container: 'shares' } });
    const { view } = new SettingsInForce(whole);
    expect(JSON.parse(JSON.stringify(view))).toEqual(JSON.parse(JSON.stringify(whole)));
    expect(settingsSchema.parse({ ...view })).toEqual(whole);
  });
});
