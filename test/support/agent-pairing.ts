/** What an engine tells of devices that call for the first time, for tests of the page. */
import type { ContractRouterClient } from '@orpc/contract';
import type { implement } from '@orpc/server';
import { ORPCError } from '@orpc/server';
import type { RefusedCaller } from '../../src/shared/devices.ts';
import type { pairingContract } from '../../src/shared/contract-pairing.ts';
import type { contract } from '../../src/shared/contract.ts';
import type { ErrorReport } from '../../src/shared/errors.ts';
import type { Diagnosis, Finding, PairingState, Visit } from '../../src/shared/pairing.ts';
import type { AccessFacts } from './agent-access.ts';

export type PairingClient = ContractRouterClient<typeof pairingContract>;

/** Changed by a test; whoever watches is told at once by `show`. */
export class PairingScript {
  visits: readonly Visit[] = [];
  findings: readonly Finding[] = [];
  /** Default: those of the access facts. */
  callers: readonly RefusedCaller[] | undefined;
  diagnosis: Partial<Diagnosis> = {};
  echo: { readonly roundTripMs: number } | ErrorReport = { roundTripMs: 4.2 };
  revision = 1;
  readonly #listeners = new Set<() => void>();

  show(change: Partial<Pick<PairingScript, 'visits' | 'findings' | 'callers'>>): void {
    Object.assign(this, change);
    this.revision += 1;
    for (const listener of this.#listeners) listener();
  }

  state(access: AccessFacts): PairingState {
    return {
      connection: access.connection,
      addresses: [...access.addresses],
      visits: [...this.visits],
      callers: [...(this.callers ?? access.callers.filter(({ dismissed }) => !dismissed))],
      findings: [...this.findings],
      revision: this.revision,
    };
  }

  async *watch(access: () => AccessFacts, signal: AbortSignal | undefined): AsyncGenerator<PairingState> {
    let wake: (() => void) | undefined;
    let isNew = true;
    const listener = () => {
      isNew = true;
      wake?.();
    };
    this.#listeners.add(listener);
    signal?.addEventListener('abort', listener);
    try {
      while (signal?.aborted !== true) {
        if (isNew) {
          isNew = false;
          yield this.state(access());
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal?.removeEventListener('abort', listener);
    }
  }
}

interface Parts {
  readonly access: () => AccessFacts;
  readonly pairing: PairingScript;
  readonly note: (name: 'pairing-diagnose' | 'pairing-echo', input: unknown) => void;
}

type PairingImplementer = ReturnType<typeof implement<typeof contract>>['pairing'];

/** The fake engine's `pairing`. */
export function pairingAnswers(os: PairingImplementer, { access, pairing, note }: Parts) {
  return {
    watch: os.watch.handler(({ signal }) => pairing.watch(access, signal)),
    diagnose: os.diagnose.handler(() => {
      note('pairing-diagnose', undefined);
      return {
        connection: access().connection,
        selfTests: [],
        visits: [...pairing.visits],
        findings: [...pairing.findings],
        platform: 'windows' as const,
        ...pairing.diagnosis,
      };
    }),
    echo: os.echo.handler(({ input }) => {
      note('pairing-echo', input);
      if ('code' in pairing.echo)
        throw new ORPCError('EDGE_SYNC', { defined: true, status: 422, data: pairing.echo });
      return pairing.echo;
    }),
  };
}

export function visit(change: Partial<Visit> = {}): Visit {
  return {
    id: '1',
    firstAt: new Date().toISOString(),
    lastAt: new Date().toISOString(),
    count: 1,
    address: '192.168.1.77',
    entrance: 'plain',
    certificate: null,
    callingAeTitle: 'PORTABLE-7',
    calledAeTitle: 'EDGESYNC',
    software: 'PORTASOFT_21',
    deviceId: null,
    proposals: [
      {
        uid: '1.2.840.10008.5.1.4.1.1.1.1',
        keyword: 'DigitalXRayImageStorageForPresentation',
        syntaxes: [
          { uid: '1.2.840.10008.1.2.1', keyword: 'ExplicitVRLittleEndian' },
          { uid: '1.2.840.10008.1.2.4.70', keyword: 'JPEGLosslessSV1' },
        ],
        answer: 'open',
      },
      {
        uid: '1.2.840.10008.5.1.4.1.1.88.67',
        keyword: 'XRayRadiationDoseSRStorage',
        syntaxes: [{ uid: '1.2.840.10008.1.2', keyword: 'ImplicitVRLittleEndian' }],
        answer: 'open',
      },
    ],
    echoes: 0,
    images: 0,
    imagesRefused: 0,
    problem: { tag: 'refused', because: 'unknown-title' },
    state: 'over',
    ...change,
  };
}

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    code: 'other-called-title',
    tone: 'trouble',
    address: '192.168.1.61',
    aeTitle: 'MAMMO',
    values: { called: 'ARCHIVE', ours: 'EDGESYNC', title: 'MAMMO', address: '192.168.1.61' },
    count: 2,
    lastAt: new Date().toISOString(),
    ...change,
  };
}
