import { RestError } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { mapAzureError, meansMissing, type FailedRequest } from './azure-errors.ts';
import { clockSkew } from './service-answers.ts';

const nowMs = Date.UTC(2026, 0, 5, 9, 0, 0);
const request: FailedRequest = { host: 'x.blob.example', container: 'images', nowMs, ended: 'by-service' };
const minuteMs = 60_000;

function answer(status: number, headers: Readonly<Record<string, string>>, body = ''): RestError {
  const map = new Map(Object.entries(headers));
  const response = { status, headers: { get: (name: string) => map.get(name) }, bodyAsText: body };
  return new RestError(body, { statusCode: status, response: response as never });
}

describe('errors of Azure Blob Storage', () => {
  it.each([
    ['ahead', 61 * minuteMs, '61 minutes ahead'],
    ['behind', -6 * minuteMs, '6 minutes behind'],
    ['ahead by days', 50 * 60 * minuteMs, '2 days ahead'],
    ['behind by a year', -365 * 24 * 60 * minuteMs, '365 days behind'],
  ])('name the clock when it is %s and the signature is refused', (_name, aheadMs, spoken) => {
    const date = new Date(nowMs - aheadMs).toUTCString();
    const error = mapAzureError(answer(403, { date, 'x-ms-error-code': 'AuthenticationFailed' }), request);
    expect(error).toMatchObject({ code: 'cloud-clock-skew', detail: `it is ${spoken}` });
  });

  it('blame the key while the clocks agree within five minutes, or nothing is known of them', () => {
    for (const headers of [{ date: new Date(nowMs - 4 * minuteMs).toUTCString() }, {}, { date: 'once' }]) {
      expect(mapAzureError(answer(403, headers as Record<string, string>), request).code).toBe('cloud-auth');
    }
    expect(clockSkew(new Date(nowMs), nowMs)).toBeUndefined();
  });

  it.each([
    ['ENOTFOUND', 'cloud-host-unknown'],
    ['EAI_AGAIN', 'cloud-host-unknown'],
    ['ECONNREFUSED', 'cloud-unreachable'],
    ['ECONNRESET', 'cloud-unreachable'],
    ['ETIMEDOUT', 'cloud-unreachable'],
    ['CERT_HAS_EXPIRED', 'cloud-unreachable'],
    ['REQUEST_SEND_ERROR', 'cloud-unreachable'],
  ])('without an answer: %s', (code, expected) => {
    expect(mapAzureError(new RestError('secret text', { code }), request).code).toBe(expected);
  });

  it('tell who ended the request', () => {
    expect(mapAzureError(new Error('x'), { ...request, ended: 'by-caller' }).code).toBe('cancelled');
    expect(mapAzureError(new Error('x'), { ...request, ended: 'by-deadline' }).code).toBe(
      'cloud-unreachable',
    );
  });

  it('pass an error of ours on as it is', () => {
    const ours = new EdgeSyncError('object-tampered');
    expect(mapAzureError(ours, request)).toBe(ours);
  });

  it('show nothing of an answer but a well-formed error code, and keep the cause for the log', () => {
    const hostile = answer(400, { 'x-ms-error-code': '<b>Doe^Jane</b>', 'x-ms-request-id': 'r' }, 'Doe^Jane');
    const error = mapAzureError(hostile, request);
    expect(error.message).not.toContain('Doe');
    expect(error.cause).toBe(hostile);
  });

  it('never take an account that is not there for a missing image', () => {
    const error = mapAzureError(answer(404, { 'x-ms-error-code': 'ResourceNotFound' }), request);
    expect(error).toMatchObject({ code: 'cloud-container-missing', detail: 'images' });
    expect(meansMissing(answer(404, { 'x-ms-error-code': 'ResourceNotFound' }))).toBe(false);
    expect(meansMissing(answer(404, { 'x-ms-error-code': 'BlobNotFound' }))).toBe(true);
  });

  it('take a container that is being deleted for a missing one', () => {
    const error = mapAzureError(answer(409, { 'x-ms-error-code': 'ContainerBeingDeleted' }), request);
    expect(error).toMatchObject({ code: 'cloud-container-missing', detail: 'images' });
  });
});
