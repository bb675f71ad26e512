/** The question "may it come in?" and its answer, as the receiver asks it. Pairings answer it; see devices/. */

/** How the caller is connected. */
export type Channel =
  | { readonly tag: 'plain' }
  /** Mutual TLS: the handshake proved that the caller holds the key of this certificate (SHA-256 of its DER, hex). */
  | { readonly tag: 'tls'; readonly certificateSha256: string };

/** The other end of a connection, before it has said anything. */
export interface PeerFacts {
  /** As Node prints it: IPv4 may come as ::ffff:1.2.3.4. */
  readonly remoteAddress: string;
  readonly channel: Channel;
}

export interface CallerFacts extends PeerFacts {
  /** Without padding. */
  readonly callingAeTitle: string;
  /** Abstract syntaxes that it proposes, in its order, each once. */
  readonly proposedClasses: readonly string[];
}

export interface Authorized {
  readonly tag: 'accept';
  /** null: a program on this PC that is not paired. */
  readonly deviceId: string | null;
  /** How long the association may be silent between messages; the default suits a device that is not paired. */
  readonly idleMs?: number;
  /**
   * Whether a storage class (of the standard, or a private one) may be sent. Asked at negotiation and again at every
   * C-STORE: a pairing that is changed or ended meanwhile counts at once.
   */
  readonly allowsClass: (sopClassUid: string) => boolean;
}

/** Why a caller may not come in. All of them look the same to the caller: PS3.8 gives no hint which titles are paired. */
export type CallerRefusal =
  | 'unknown-title'
  /** The title is paired, but not at this address. */
  | 'other-address'
  /** Title and address are paired, but for TLS only, and this connection can be read by anybody. */
  | 'tls-only'
  /** Title and address are paired without TLS, and it came with a certificate that nobody named. */
  | 'plain-only'
  /** The title is paired for TLS, with other certificates than the one shown. */
  | 'other-certificate';

export type Authorization = Authorized | { readonly tag: 'reject'; readonly reason: CallerRefusal };

/** Never throws, answers at once: it is asked in the middle of an A-ASSOCIATE-RQ. */
export type Authorize = (caller: CallerFacts) => Authorization;
