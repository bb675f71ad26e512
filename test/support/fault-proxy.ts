/**
 * An HTTP proxy with faults, between our code and a real cloud emulator: it passes every byte on untouched unless
 * told otherwise, request by request.
 */
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';

export interface SeenRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** Counts from 0. */
  readonly ordinal: number;
}

export type Fault =
  | { readonly tag: 'none' }
  /** Answers by itself; the request never gets to the cloud. */
  | {
      readonly tag: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Cuts the connection after this many bytes of the request's body have been passed on; begins to pass them on at `when`. */
  | { readonly tag: 'reset-request-after'; readonly bytes: number; readonly when?: Promise<unknown> }
  /** Cuts the connection after this many bytes of the answer's body. */
  | { readonly tag: 'reset-answer-after'; readonly bytes: number }
  /** The cloud gets and answers the request; the answer is lost. */
  | { readonly tag: 'lose-answer' }
  | { readonly tag: 'delay'; readonly ms: number }
  /** Takes the request and never answers. */
  | { readonly tag: 'silence' }
  /** Goes silent, the connection open, after so many bytes of the request's body: the rest is not even taken. */
  | { readonly tag: 'silence-in-request'; readonly bytes: number }
  /** Goes silent, the connection open, after the head and so many bytes of the answer's body. */
  | { readonly tag: 'silence-in-answer'; readonly bytes: number }
  /** Passes one byte of the body on in each `everyMs`. */
  | { readonly tag: 'trickle-request' | 'trickle-answer'; readonly everyMs: number }
  /** The whole answer, changed: what the cloud stored is not touched. */
  | { readonly tag: 'rewrite-answer'; readonly rewrite: (answer: ProxiedAnswer) => ProxiedAnswer }
  /** Flips one bit of the request's body. */
  | { readonly tag: 'corrupt-request'; readonly at: number }
  | { readonly tag: 'corrupt-answer'; readonly at: number };

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

export interface FaultProxy {
  readonly port: number;
  readonly requests: readonly SeenRequest[];
  /** What the cloud itself answered to the requests that got to it. */
  readonly answers: readonly { readonly request: SeenRequest; readonly status: number }[];
  /** Chooses the fault of each request from now on. */
  setFault(choose: (request: SeenRequest) => Fault): void;
  clear(): void;
  /** Stops listening: connections are refused until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  stop(): Promise<void>;
}

const noFault: Fault = { tag: 'none' };

export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  const requests: SeenRequest[] = [];
  const answers: { readonly request: SeenRequest; readonly status: number }[] = [];
  const sockets = new Set<Socket>();
  const agent = new http.Agent({ keepAlive: true });
  let choose: (request: SeenRequest) => Fault = () => noFault;
  const server = http.createServer((incoming, outgoing) => {
    const seen = { method: incoming.method ?? '', url: incoming.url ?? '', ordinal: requests.length };
    requests.push(seen);
    // A broken pipe is what this proxy is for.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    const heard = (status: number): void => void answers.push({ request: seen, status });
    relay(choose(seen), incoming, outgoing, { port: targetPort, agent, heard });
  });
  server.requestTimeout = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    answers,
    setFault: (chooser) => {
      choose = chooser;
    },
    clear: () => {
      choose = () => noFault;
    },
    refuse: close,
    accept: () => listen(port),
    stop: async () => {
      await close();
      agent.destroy();
    },
  };
}

interface Target {
  readonly port: number;
  readonly agent: http.Agent;
  /** The status of its answer. */
  readonly heard: (status: number) => void;
}

function relay(
  fault: Fault,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  target: Target,
): void {
  switch (fault.tag) {
    case 'status':
      incoming.resume();
      incoming.once('end', () => {
        outgoing.writeHead(fault.status, fault.headers);
        outgoing.end(fault.body ?? '');
      });
      return;
    case 'silence':
      incoming.resume();
      return;
    case 'silence-in-request': {
      let taken = 0;
      incoming.on('data', (chunk: Buffer) => {
        taken += chunk.length;
        if (taken >= fault.bytes) incoming.pause();
      });
      return;
    }
    case 'delay':
      setTimeout(() => forward(noFault, incoming, outgoing, target), fault.ms);
      return;
    case 'reset-request-after':
      if (fault.when === undefined) forward(fault, incoming, outgoing, target);
      else void fault.when.then(() => forward(fault, incoming, outgoing, target));
      return;
    case 'none':
    case 'reset-answer-after':
    case 'lose-answer':
    case 'corrupt-request':
    case 'corrupt-answer':
    case 'silence-in-answer':
    case 'trickle-request':
    case 'trickle-answer':
    case 'rewrite-answer':
      forward(fault, incoming, outgoing, target);
  }
}

function forward(
  fault: Fault,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  { port, agent, heard }: Target,
): void {
  const cut = (): void => {
    upstream.destroy();
    outgoing.destroy();
  };
  const upstream = http.request(
    {
      host: '127.0.0.1',
      port,
      agent,
      method: incoming.method,
      path: incoming.url,
      headers: headerPairs(incoming.rawHeaders),
      setHost: false,
    },
    (answer) => {
      heard(answer.statusCode ?? 502);
      answer.on('error', () => outgoing.destroy());
      // Cut off at its very end, a request was whole: its answer must not win the race against the cut.
      if (fault.tag === 'lose-answer' || fault.tag === 'reset-request-after') {
        answer.resume();
        answer.once('end', () => outgoing.destroy());
        return;
      }
      if (fault.tag === 'rewrite-answer') {
        rewrite(answer, outgoing, fault.rewrite);
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, headerPairs(answer.rawHeaders));
      outgoing.flushHeaders();
      const through = answerThrough(fault, cut);
      if (through === undefined) answer.pipe(outgoing);
      else answer.pipe(through).pipe(outgoing);
    },
  );
  upstream.once('error', () => outgoing.destroy());
  // Whoever has given up takes the request along: nobody writes into the cloud after that.
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) upstream.destroy();
  });
  const through = requestThrough(fault, cut);
  if (through === undefined) incoming.pipe(upstream);
  else incoming.pipe(through).pipe(upstream);
}

function requestThrough(fault: Fault, cut: () => void): Transform | undefined {
  switch (fault.tag) {
    case 'reset-request-after':
      return cutAfter(fault.bytes, cut);
    case 'corrupt-request':
      return flipAt(fault.at);
    case 'trickle-request':
      return trickle(fault.everyMs);
    default:
      return undefined;
  }
}

function answerThrough(fault: Fault, cut: () => void): Transform | undefined {
  switch (fault.tag) {
    case 'reset-answer-after':
      return cutAfter(fault.bytes, cut);
    case 'corrupt-answer':
      return flipAt(fault.at);
    case 'trickle-answer':
      return trickle(fault.everyMs);
    case 'silence-in-answer':
      return silentAfter(fault.bytes);
    default:
      return undefined;
  }
}

function rewrite(
  answer: http.IncomingMessage,
  outgoing: http.ServerResponse,
  change: (answer: ProxiedAnswer) => ProxiedAnswer,
): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.once('end', () => {
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(headerPairs(answer.rawHeaders))) {
      headers[name.toLowerCase()] = value;
    }
    // What is written by hand ends with its connection.
    delete headers['keep-alive'];
    headers['connection'] = 'close';
    const body = Buffer.concat(chunks);
    if ('transfer-encoding' in headers) {
      delete headers['transfer-encoding'];
      headers['content-length'] = String(body.length);
    }
    const changed = change({ status: answer.statusCode ?? 502, headers, body });
    // Written by hand: a length that is not that of the body is one of the faults.
    const lines = Object.entries(changed.headers).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${one}\r\n`),
    );
    const head = `HTTP/1.1 ${changed.status} X\r\n${lines.join('')}\r\n`;
    const { socket } = outgoing;
    if (socket === null) return;
    socket.write(Buffer.concat([Buffer.from(head, 'latin1'), changed.body]));
    socket.end();
  });
}

/** Raw headers as a record, spelt as sent; repeated ones are joined as lists. */
function headerPairs(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

function cutAfter(bytes: number, cut: () => void): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const left = bytes - passed;
      passed += chunk.length;
      if (chunk.length < left) {
        done(null, chunk);
        return;
      }
      this.push(chunk.subarray(0, left));
      setTimeout(cut, 20);
    },
  });
}

function flipAt(at: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const index = at - passed;
      passed += chunk.length;
      if (index >= 0 && index < chunk.length) chunk.writeUInt8(chunk.readUInt8(index) ^ 1, index);
      done(null, chunk);
    },
  });
}

function trickle(everyMs: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let at = 0;
      const next = (): void => {
        if (this.destroyed) return;
        if (at >= chunk.length) {
          done();
          return;
        }
        this.push(chunk.subarray(at, at + 1));
        at += 1;
        setTimeout(next, everyMs).unref();
      };
      next();
    },
  });
}

/** Passes on so many bytes and then neither takes nor gives anything. */
function silentAfter(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) done();
    },
  });
}
