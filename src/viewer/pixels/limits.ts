/** What a hostile file may make the page take. */

/** Of one frame: twice the largest mammography detectors. The page holds each of its pixels twice in 4 bytes. */
export const maxFramePixels = 64 * 1024 * 1024;
/** Of one decoded frame, all samples. */
export const maxFrameBytes = 512 * 1024 * 1024;
/** Of a deflated dataset, inflated. */
export const maxInflatedBytes = 512 * 1024 * 1024;
export const maxFrames = 100_000;
/** Of a lookup table (PS3.3 C.11.1.1: 2^16). */
export const maxTableEntries = 65_536;
