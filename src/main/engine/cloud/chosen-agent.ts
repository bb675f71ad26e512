import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

/** What Node calls on an agent to begin a request; documented by its libraries, not by its types. */
interface RequestTaker {
  addRequest(request: http.ClientRequest, options: object): void;
}

/** What Node's own agents call when no connection comes about; `destroy` alone is silent before there is a socket. */
interface Failing {
  onSocket(socket: null, error: Error): void;
}

/**
 * Connections by the way that is chosen when a request is made: the choice may take a while, and be another one later.
 * Each way has its own agent, kept for further requests; a way that is chosen no more keeps only its open connections.
 */
export function chosenAgent(url: string, choose: () => Promise<http.Agent>): http.Agent {
  return new ChosenAgent(url.startsWith('https:') ? https.globalAgent : http.globalAgent, choose);
}

class ChosenAgent extends http.Agent {
  /** What a request looks at before it asks for a connection; typed nowhere. */
  readonly protocol: unknown;
  readonly defaultPort: unknown;
  readonly #choose: () => Promise<http.Agent>;
  readonly #used = new Set<http.Agent>();
  #isDestroyed = false;

  constructor(like: http.Agent, choose: () => Promise<http.Agent>) {
    super();
    const { protocol, defaultPort } = like as unknown as Pick<ChosenAgent, 'protocol' | 'defaultPort'>;
    this.protocol = protocol;
    this.defaultPort = defaultPort;
    this.#choose = choose;
  }

  addRequest(request: http.ClientRequest, options: object): void {
    this.#choose().then(
      (agent) => {
        if (this.#isDestroyed) {
          agent.destroy();
          fail(request, new Error('closed'));
          return;
        }
        this.#used.add(agent);
        if (request.destroyed) return;
        (agent as unknown as RequestTaker).addRequest(request, options);
      },
      (error: unknown) => fail(request, error instanceof Error ? error : new Error('no way was chosen')),
    );
  }

  override createConnection(): Duplex {
    throw new Error('connections are made by the chosen way');
  }

  override destroy(): void {
    this.#isDestroyed = true;
    for (const agent of this.#used) agent.destroy();
    super.destroy();
  }
}

function fail(request: http.ClientRequest, error: Error): void {
  (request as unknown as Failing).onSocket(null, error);
}
