import { expect, it } from 'vitest';
import { clockSkew } from '../../main/engine/cloud/service-answers.ts';
import { reportFor } from '../../shared/errors.ts';
import { errorText } from './error-text.ts';

it('how wrong the clock is, is told in Spanish', () => {
  const service = Date.UTC(2026, 0, 1, 12);
  const behind = clockSkew(new Date(service), service - 3 * 3_600_000);
  const ahead = clockSkew(new Date(service), service + 20 * 60_000);
  expect(behind === undefined ? '' : errorText(behind.report, 'es').message).toMatch(
    /: está 3 horas atrasado$/,
  );
  expect(ahead === undefined ? '' : errorText(ahead.report, 'es').message).toMatch(
    /: está 20 minutos adelantado$/,
  );
});

it('a name stays as it is', () => {
  const report = reportFor('cloud-host-unknown', 'clinic.example.org');
  expect(errorText(report, 'es').message).toMatch(/: clinic\.example\.org$/);
  expect(errorText(report, 'es').message).not.toBe(errorText(report, 'en').message);
});
