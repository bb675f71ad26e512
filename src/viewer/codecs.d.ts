/** Modules without types of their own. */
type CodecFactory = (options: Readonly<Record<string, unknown>>) => Promise<unknown>;

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const factory: CodecFactory;
  export default factory;
}
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  const factory: CodecFactory;
  export default factory;
}
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const factory: CodecFactory;
  export default factory;
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const factory: CodecFactory;
  export default factory;
}
declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    decode(buffer: ArrayBuffer, offset: number, length: number, bytesEach: number): Uint8Array | Uint16Array;
  }
}
/** Made by vite.viewer.config.ts: a worker's whole script as text. */
declare module 'virtual:viewer-worker/*' {
  const script: string;
  export default script;
}
/** Made by vite.viewer.config.ts: a file's bytes in Base64. */
declare module 'virtual:viewer-wasm/*' {
  const base64: string;
  export default base64;
}
