/**
 * Content that proves itself: one line of JSON (UTF-8) and one line with the HMAC-SHA256 (hex) of that first line without
 * its line feed. The lists of the cloud and the backups of the settings are written so (docs/sealed-object.md).
 */
import { timingSafeEqual } from 'node:crypto';

/** 32 bytes. Called by itself: give a function that needs no `this`. */
export type ContentMac = (this: void, bytes: Uint8Array) => Buffer;

export function withProof(content: object, mac: ContentMac): Buffer {
  const line = Buffer.from(JSON.stringify(content), 'utf8');
  return Buffer.concat([line, Buffer.from(`\n${mac(line).toString('hex')}\n`, 'latin1')]);
}

/**
 * The JSON of the first line once the HMAC over it has fitted; undefined when that line is none. Throws what `broken`
 * makes of the problem.
 */
export function provenJson(content: Buffer, mac: ContentMac, broken: (problem: string) => Error): unknown {
  const end = content.indexOf(0x0a);
  if (end < 0) throw broken('it has no end');
  const line = content.subarray(0, end);
  const tail = content.subarray(end + 1).toString('latin1');
  if (!/^[0-9a-f]{64}\n$/.test(tail)) throw broken('its proof is missing');
  if (!timingSafeEqual(mac(line), Buffer.from(tail.trim(), 'hex'))) throw broken('its proof is wrong');
  return parseJson(line);
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
