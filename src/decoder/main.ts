/** Entry of the decoding process: requests come and answers go through its channel, one after the other. */
import charls from 'virtual:viewer-wasm/charls';
import jpegTurbo from 'virtual:viewer-wasm/jpeg-turbo';
import openjpeg from 'virtual:viewer-wasm/openjpeg';
import openjph from 'virtual:viewer-wasm/openjph';
import { wireLimits, wirePieces, WireReader, type DecoderRequest } from '../shared/preview-wire.ts';
import { WasmCodecs, type WasmCodec } from '../viewer/pixels/wasm-codecs.ts';
import { openChannel } from './channel.ts';
import { Decoder } from './decoder.ts';
import { lockDown } from './lock-down.ts';

const base64: Readonly<Record<WasmCodec, string>> = {
  charls,
  'jpeg-turbo': jpegTurbo,
  openjpeg,
  openjph,
};

const decoder = new Decoder(
  new WasmCodecs((codec) => Promise.resolve(new Uint8Array(Buffer.from(base64[codec], 'base64')))),
);
const reader = new WireReader(wireLimits.toDecoder);
const channel = await openChannel();
lockDown();

for await (const chunk of channel.chunks) {
  for (const { head, bytes } of reader.push(chunk)) {
    // The engine's own words: only the file's bytes are hostile.
    const answered = await decoder.answer(head as DecoderRequest, bytes);
    for (const piece of wirePieces(answered.answer, [answered.bytes])) await channel.write(piece);
  }
}
// Electron's utility process does not end by itself when nothing is left to do.
process.exit();
