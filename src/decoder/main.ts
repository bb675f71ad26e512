/** Entry of the decoding process: requests on standard input, answers on standard output, one after the other. */
import charls from 'virtual:viewer-wasm/charls';
import jpegTurbo from 'virtual:viewer-wasm/jpeg-turbo';
import openjpeg from 'virtual:viewer-wasm/openjpeg';
import openjph from 'virtual:viewer-wasm/openjph';
import { wireLimits, wirePieces, WireReader, type DecoderRequest } from '../shared/preview-wire.ts';
import { WasmCodecs, type WasmCodec } from '../viewer/pixels/wasm-codecs.ts';
import { Decoder } from './decoder.ts';
import { lockDown } from './lock-down.ts';

const base64: Readonly<Record<WasmCodec, string>> = {
  charls,
  'jpeg-turbo': jpegTurbo,
  openjpeg,
  openjph,
};

const { stdin, stdout } = process;
const decoder = new Decoder(
  new WasmCodecs((codec) => Promise.resolve(new Uint8Array(Buffer.from(base64[codec], 'base64')))),
);
const reader = new WireReader(wireLimits.toDecoder);
lockDown();

for await (const chunk of stdin) {
  for (const { head, bytes } of reader.push(chunk as Buffer)) {
    // The engine's own words: only the file's bytes are hostile.
    const answered = await decoder.answer(head as DecoderRequest, bytes);
    for (const piece of wirePieces(answered.answer, [answered.bytes])) stdout.write(piece);
  }
}
