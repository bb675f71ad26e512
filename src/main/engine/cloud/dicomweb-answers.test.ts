import { expect, it } from 'vitest';
import type { EdgeSyncError } from '../../../shared/errors.ts';
import { checkStored, namesInstance, refusal } from './dicomweb-answers.ts';

const uid = '1.2.3';
const request = { host: 'pacs', nowMs: Date.UTC(2026, 0, 1) };

function failed(reason: unknown, about = uid): Buffer {
  const item = {
    '00081155': { vr: 'UI', Value: [about] },
    ...(reason === undefined ? {} : { '00081197': { vr: 'US', Value: [reason] } }),
  };
  return Buffer.from(JSON.stringify({ '00081198': { vr: 'SQ', Value: [item] } }));
}

function codeOf(work: () => void): string {
  try {
    work();
    return 'stored';
  } catch (error) {
    return `${(error as EdgeSyncError).code}: ${(error as EdgeSyncError).detail ?? ''}`;
  }
}

it.each([
  [0xa700, 'pacs-no-room: failure reason A700'],
  [0xa7ff, 'pacs-no-room: failure reason A7FF'],
  [0x0110, 'cloud-server-error: failure reason 0110'],
  [0x0124, 'cloud-auth: failure reason 0124'],
  [0x0122, 'pacs-refused: failure reason 0122'],
  [0xa900, 'pacs-refused: failure reason A900'],
  [0xc000, 'pacs-refused: failure reason C000'],
  [0xc122, 'pacs-refused: failure reason C122'],
  ['272', 'cloud-server-error: failure reason 0110'],
  [1e9, 'pacs-refused: without a reason'],
  ['<b>name</b>', 'pacs-refused: without a reason'],
  [undefined, 'pacs-refused: without a reason'],
])('a failure with reason %j is told as %s, whatever the status', (reason, told) => {
  for (const status of [200, 202, 409]) {
    expect(codeOf(() => checkStored({ status, headers: {}, body: failed(reason) }, uid, request))).toBe(told);
  }
});

it('a failure that names another instance, or none, is about the one that was sent', () => {
  const answer = { status: 200, headers: {}, body: failed(0xa900, '9.9.9') };
  expect(codeOf(() => checkStored(answer, uid, request))).toBe('pacs-refused: failure reason A900');
});

it.each(['', '{', '[]', 'null', '{"00081199":{"Value":[{"00081155":{"Value":["1.2.3"]}}]}}', '<xml/>'])(
  'a success whose body is %j is left to the proof',
  (body) => {
    const answer = { status: 200, headers: {}, body: Buffer.from(body) };
    expect(codeOf(() => checkStored(answer, uid, request))).toBe('stored');
    expect(codeOf(() => checkStored({ ...answer, status: 409 }, uid, request))).toMatch(/^pacs-refused/);
  },
);

it('a page of HTML with status 200 is something in between, not the PACS', () => {
  const answer = { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') };
  expect(codeOf(() => checkStored(answer, uid, request))).toMatch(/^cloud-unreachable/);
});

it.each([
  [400, 'pacs-refused'],
  [401, 'cloud-auth'],
  [403, 'cloud-auth'],
  [404, 'pacs-no-service'],
  [302, 'pacs-no-service'],
  [407, 'proxy-refused'],
  [413, 'pacs-too-large'],
  [415, 'pacs-refused'],
  [429, 'cloud-throttled'],
  [500, 'cloud-server-error'],
  [501, 'pacs-no-service'],
  [503, 'cloud-throttled'],
  [507, 'pacs-no-room'],
])('status %i means %s', (status, code) => {
  expect(refusal({ status, headers: {}, body: Buffer.alloc(0) }, request).code).toBe(code);
});

it('Retry-After is kept, and a wrong clock is named where the credential was refused', () => {
  const throttled = refusal({ status: 503, headers: { 'retry-after': '7' }, body: Buffer.alloc(0) }, request);
  expect(throttled.retryAfterMs).toBe(7000);
  const headers = { date: 'Thu, 01 Jan 2026 03:00:00 GMT' };
  expect(refusal({ status: 401, headers, body: Buffer.alloc(0) }, request).code).toBe('cloud-clock-skew');
});

it('a search names an instance only by its UID', () => {
  const item = (value: unknown): Buffer => Buffer.from(JSON.stringify([{ '00080018': { Value: [value] } }]));
  const answer = { status: 200, headers: {} };
  expect(namesInstance({ ...answer, body: item(uid) }, uid)).toBe(true);
  expect(namesInstance({ ...answer, body: item('1.2.3.4') }, uid)).toBe(false);
  expect(namesInstance({ ...answer, body: Buffer.from('[{}]') }, uid)).toBe(false);
});
