/** The question "may it come in?" and its answer, as the receiver asks it. Pairings answer it; see devices/. */

/** How the caller is connected. */
export type Channel =
  | { readonly tag: 'plain' }
  /** Mutual TLS: the handshake proved that the caller holds the key of this certificate (SHA-256 of its DER, hex). */
  | { readonly tag: 'tls'; readonly certificateSha256: string };

export interface CallerFacts {
  /** Without padding. */
  readonly callingAeTitle: string;
  /** As Node prints it: IPv4 may come as ::ffff:1.2.3.4. */
  readonly remoteAddress: string;
  readonly channel: Channel;
  /** Abstract syntaxes that it proposes, in its order, each once. */
  readonly proposedClasses: readonly string[];
}

export type Authorization =
  | {
      readonly tag: 'accept';
      /** null: a program on this PC that is not paired. */
      readonly deviceId: string | null;
      /** How long the association may be silent between messages; the default suits a device that is not paired. */
      readonly idleMs?: number;
      /** Of the classes that this node serves, and of private ones. */
      readonly allowsClass: (sopClassUid: string) => boolean;
    }
  | { readonly tag: 'reject'; readonly reason: 'unknown-caller' | 'not-allowed' };

/** Never throws, answers at once: it is asked in the middle of an A-ASSOCIATE-RQ. */
export type Authorize = (caller: CallerFacts) => Authorization;
