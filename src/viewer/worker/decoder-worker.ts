/** Decodes pictures away from the page: a broken or hostile file can at worst end this worker. */
import charls from 'virtual:viewer-wasm/charls';
import jpegTurbo from 'virtual:viewer-wasm/jpeg-turbo';
import openjpeg from 'virtual:viewer-wasm/openjpeg';
import openjph from 'virtual:viewer-wasm/openjph';
import { assertNever } from '../../shared/assert-never.ts';
import { problemCode, ViewerProblem } from '../open/problem.ts';
import { ImageFile } from '../pixels/picture.ts';
import type { Picture } from '../pixels/picture.ts';
import { WasmCodecs, type WasmCodec } from '../pixels/wasm-codecs.ts';
import type { DecoderAnswer, DecoderRequest } from './protocol.ts';

const base64: Readonly<Record<WasmCodec, string>> = {
  charls,
  'jpeg-turbo': jpegTurbo,
  openjpeg,
  openjph,
};

const codecs = new WasmCodecs((codec) =>
  Promise.resolve(Uint8Array.from(atob(base64[codec]), (char) => char.charCodeAt(0))),
);
const files = new Map<number, ImageFile>();

self.onmessage = ({ data }: MessageEvent<DecoderRequest>) => {
  void answer(data).then((result) => {
    if (result !== undefined) self.postMessage(result, { transfer: transferred(result) });
  });
};

async function answer(request: DecoderRequest): Promise<DecoderAnswer | undefined> {
  try {
    switch (request.tag) {
      case 'open': {
        const file = new ImageFile(request.bytes, codecs);
        files.set(request.file, file);
        const { rows, columns, frames } = file.layout;
        return { tag: 'opened', id: request.id, image: { rows, columns, frames, frameRate: file.frameRate } };
      }
      case 'picture': {
        const file = files.get(request.file);
        if (file === undefined) throw new ViewerProblem('decoder-stopped', 'not open');
        return { tag: 'picture', id: request.id, picture: detached(await file.picture(request.frame)) };
      }
      case 'close':
        files.delete(request.file);
        return undefined;
      default:
        return assertNever(request);
    }
  } catch (error) {
    if (request.tag === 'close') return undefined;
    const detail = error instanceof ViewerProblem ? error.message : 'unexpected';
    return { tag: 'failed', id: request.id, code: problemCode(error, 'pixels-damaged'), detail };
  }
}

/** Samples may be a view into the file: sent as they are, the whole file would be copied with them. */
function detached(picture: Picture): Picture {
  return picture.tag === 'gray' ? { ...picture, samples: picture.samples.slice() } : picture;
}

function transferred(result: DecoderAnswer): Transferable[] {
  if (result.tag !== 'picture') return [];
  const { picture } = result;
  return [picture.tag === 'colour' ? picture.rgba.buffer : (picture.samples.buffer as ArrayBuffer)];
}
