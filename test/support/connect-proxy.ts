/** A small HTTP proxy for tests: CONNECT tunnels and plain requests by their whole address, with or without a password. */
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';

export interface ConnectProxy {
  readonly port: number;
  /** `CONNECT host:port` or `METHOD address`, of every request that was let through. */
  readonly seen: readonly string[];
  /** Those that were refused with 407. */
  refused(): number;
  stop(): Promise<void>;
}

/**
 * @param credential USER:PASSWORD that is asked for (RFC 9110 11.7); undefined: none.
 * @param resolve where a tunnel really goes, as a port of this PC.
 * @param secured key and certificate (PEM): the proxy itself speaks TLS.
 */
export async function startConnectProxy(
  credential: string | undefined,
  resolve: (host: string, port: number) => number,
  secured?: { readonly key: string; readonly cert: string },
): Promise<ConnectProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  let refusals = 0;
  const expected =
    credential === undefined ? undefined : `Basic ${Buffer.from(credential).toString('base64')}`;
  const isAllowed = (request: http.IncomingMessage): boolean => {
    const ok = expected === undefined || request.headers['proxy-authorization'] === expected;
    if (!ok) refusals += 1;
    return ok;
  };
  const challenge = { 'proxy-authenticate': 'Basic realm="office"', 'content-length': '0' };
  const answer: http.RequestListener = (request, response) => {
    if (!isAllowed(request)) {
      request.resume();
      response.writeHead(407, challenge).end();
      return;
    }
    const url = new URL(request.url ?? '');
    seen.push(`${request.method ?? ''} ${url.host}`);
    const { 'proxy-authorization': _gone, ...headers } = request.headers;
    const onward = http.request(
      {
        host: '127.0.0.1',
        port: resolve(url.hostname, Number(url.port || 80)),
        method: request.method,
        path: url.pathname + url.search,
        headers,
        agent: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.once('error', () => response.destroy());
    request.pipe(onward);
  };
  const server: net.Server =
    secured === undefined ? http.createServer(answer) : https.createServer(secured, answer);
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: http.IncomingMessage, client: Socket, head: Buffer) => {
    if (!isAllowed(request)) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
      );
      return;
    }
    const [host = '', port = ''] = (request.url ?? '').split(':');
    seen.push(`CONNECT ${request.url ?? ''}`);
    const onward = net.connect(resolve(host, Number(port)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(client).pipe(onward);
    });
    onward.on('error', () => client.destroy());
    client.on('close', () => onward.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    refused: () => refusals,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
