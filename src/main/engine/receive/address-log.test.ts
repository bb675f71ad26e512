import { expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { AddressLog, mostLines } from './address-log.ts';

it('writes a few lines of an event and address, counts the rest, and holds no other address back', async () => {
  const [logger, clock] = [new FakeLogger(), new FakeClock()];
  const log = AddressLog.over(logger, clock);
  for (let one = 0; one < 1000; one += 1)
    log.child('tls').warn('tls refused', { remoteAddress: '10.0.0.1', code: 'x' });
  log.warn('tls refused', { remoteAddress: '10.0.0.2' });
  log.warn('no address');
  expect(logger.lines).toHaveLength(mostLines + 2);
  await clock.advance(60_000);
  expect(logger.lines.at(-1)).toMatchObject({
    event: 'lines-counted',
    fields: { line: 'tls refused', remoteAddress: '10.0.0.1', count: 1000 - mostLines },
  });
  log.warn('tls refused', { remoteAddress: '10.0.0.1' });
  expect(logger.lines).toHaveLength(mostLines + 4);
  log.close();
});

it('is bounded whatever addresses there are', () => {
  const logger = new FakeLogger();
  const log = AddressLog.over(logger, new FakeClock());
  for (let one = 0; one < 5000; one += 1) log.info('x', { remoteAddress: `fd00::${one.toString(16)}` });
  expect(logger.lines).toHaveLength(200 + mostLines);
  log.close();
  expect(logger.lines.at(-1)?.fields).toMatchObject({ remoteAddress: 'others', count: 4800 - mostLines });
});
