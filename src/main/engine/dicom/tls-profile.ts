/** Which TLS is spoken, in both directions: the BCP 195 profile (RFC 9325; PS3.15 B.12), versions 1.2 and 1.3. */

/** RFC 9325 4.2: forward secrecy and AES-GCM, nothing else; AES-128 first, which is as safe and faster. */
export const tlsSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':');

export const tlsCurves = 'X25519:P-256:P-384';
