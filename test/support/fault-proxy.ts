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
  /** Flips one bit of the request's body. */
  | { readonly tag: 'corrupt-request'; readonly at: number }
  | { readonly tag: 'corrupt-answer'; readonly at: number };

export interface FaultProxy {
  readonly port: number;
  readonly requests: readonly SeenRequest[];
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
  const sockets = new Set<Socket>();
  const agent = new http.Agent({ keepAlive: true });
  let choose: (request: SeenRequest) => Fault = () => noFault;
  const server = http.createServer((incoming, outgoing) => {
    const seen = { method: incoming.method ?? '', url: incoming.url ?? '', ordinal: requests.length };
    requests.push(seen);
    // A broken pipe is what this proxy is for.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    relay(choose(seen), incoming, outgoing, targetPort, agent);
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

function relay(
  fault: Fault,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  port: number,
  agent: http.Agent,
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
    case 'delay':
      setTimeout(() => forward(noFault, incoming, outgoing, port, agent), fault.ms);
      return;
    case 'reset-request-after':
      if (fault.when === undefined) forward(fault, incoming, outgoing, port, agent);
      else void fault.when.then(() => forward(fault, incoming, outgoing, port, agent));
      return;
    case 'none':
    case 'reset-answer-after':
    case 'lose-answer':
    case 'corrupt-request':
    case 'corrupt-answer':
      forward(fault, incoming, outgoing, port, agent);
  }
}

function forward(
  fault: Fault,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  port: number,
  agent: http.Agent,
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
      // Cut off at its very end, a request was whole: its answer must not win the race against the cut.
      if (fault.tag === 'lose-answer' || fault.tag === 'reset-request-after') {
        answer.resume();
        answer.once('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, headerPairs(answer.rawHeaders));
      outgoing.flushHeaders();
      const through =
        fault.tag === 'reset-answer-after'
          ? cutAfter(fault.bytes, cut)
          : fault.tag === 'corrupt-answer'
            ? flipAt(fault.at)
            : undefined;
      if (through === undefined) answer.pipe(outgoing);
      else answer.pipe(through).pipe(outgoing);
    },
  );
  upstream.once('error', () => outgoing.destroy());
  const through =
    fault.tag === 'reset-request-after'
      ? cutAfter(fault.bytes, cut)
      : fault.tag === 'corrupt-request'
        ? flipAt(fault.at)
        : undefined;
  if (through === undefined) incoming.pipe(upstream);
  else incoming.pipe(through).pipe(upstream);
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
