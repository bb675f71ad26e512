import { expect, it } from 'vitest';
import { adoptPlaintext } from './adopt.ts';

it('lets go of a file that is no image, although it was not read to its end', async () => {
  let isOpen = false;
  async function* plaintext(): AsyncGenerator<Buffer> {
    isOpen = true;
    try {
      for (let piece = 0; piece < 8; piece += 1) {
        yield Buffer.alloc(1_048_576, 'x');
        await Promise.resolve();
      }
    } finally {
      isOpen = false;
    }
  }
  await expect(adoptPlaintext(plaintext(), () => '')).rejects.toMatchObject({ code: 'not-dicom' });
  expect(isOpen).toBe(false);
});
