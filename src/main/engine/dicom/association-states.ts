/**
 * The upper layer state machine as data: PS3.8 9.2, tables 9-1 to 9-10, both roles. What an action does is spelt as
 * effects, which association.ts carries out; nothing of the protocol's order is decided anywhere else.
 */

export const states = [
  'sta1', // idle
  'sta2', // transport open, awaiting A-ASSOCIATE-RQ
  'sta3', // awaiting the local answer to an association request
  'sta4', // awaiting the transport to open
  'sta5', // awaiting A-ASSOCIATE-AC or -RJ
  'sta6', // association established
  'sta7', // awaiting A-RELEASE-RP
  'sta8', // awaiting the local answer to a release request
  'sta9', // release collision, requestor: awaiting the local answer
  'sta10', // release collision, acceptor: awaiting A-RELEASE-RP
  'sta11', // release collision, requestor: awaiting A-RELEASE-RP
  'sta12', // release collision, acceptor: awaiting the local answer
  'sta13', // awaiting the transport to close
] as const;
export type State = (typeof states)[number];

export const events = [
  'evt1', // local A-ASSOCIATE request
  'evt2', // transport opened
  'evt3', // A-ASSOCIATE-AC received
  'evt4', // A-ASSOCIATE-RJ received
  'evt5', // transport opened by the peer
  'evt6', // A-ASSOCIATE-RQ received
  'evt7', // local answer: accept
  'evt8', // local answer: reject
  'evt9', // local P-DATA request
  'evt10', // P-DATA-TF received
  'evt11', // local A-RELEASE request
  'evt12', // A-RELEASE-RQ received
  'evt13', // A-RELEASE-RP received
  'evt14', // local answer to a release
  'evt15', // local A-ABORT request
  'evt16', // A-ABORT received
  'evt17', // transport closed
  'evt18', // ARTIM timer expired
  'evt19', // unrecognised or invalid PDU received
] as const;
export type Event = (typeof events)[number];

export type Effect =
  | 'open-transport'
  | 'close-transport'
  | 'start-artim'
  | 'stop-artim'
  | 'send-associate-rq'
  | 'send-associate-ac'
  | 'send-associate-rj'
  | 'send-release-rq'
  | 'send-release-rp'
  | 'send-p-data'
  | 'send-user-abort'
  | 'send-provider-abort'
  | 'indicate-associate'
  | 'confirm-accept'
  | 'confirm-reject'
  | 'indicate-p-data'
  | 'indicate-release'
  | 'confirm-release'
  | 'indicate-abort'
  | 'indicate-provider-abort';

/** 'by-role': AR-8 goes to sta9 for the requestor, sta10 for the acceptor. */
export interface Action {
  readonly effects: readonly Effect[];
  readonly next: State | 'by-role';
}

/** PS3.8 tables 9-6 to 9-9. */
export const actions = {
  'ae-1': { effects: ['open-transport'], next: 'sta4' },
  'ae-2': { effects: ['send-associate-rq'], next: 'sta5' },
  'ae-3': { effects: ['confirm-accept'], next: 'sta6' },
  'ae-4': { effects: ['confirm-reject', 'close-transport'], next: 'sta1' },
  'ae-5': { effects: ['start-artim'], next: 'sta2' },
  // The provider's own rejections (protocol version) are answered as the user's are: evt8 in sta3.
  'ae-6': { effects: ['stop-artim', 'indicate-associate'], next: 'sta3' },
  'ae-7': { effects: ['send-associate-ac'], next: 'sta6' },
  'ae-8': { effects: ['send-associate-rj', 'start-artim'], next: 'sta13' },
  'dt-1': { effects: ['send-p-data'], next: 'sta6' },
  'dt-2': { effects: ['indicate-p-data'], next: 'sta6' },
  'ar-1': { effects: ['send-release-rq'], next: 'sta7' },
  'ar-2': { effects: ['indicate-release'], next: 'sta8' },
  'ar-3': { effects: ['confirm-release', 'close-transport'], next: 'sta1' },
  'ar-4': { effects: ['send-release-rp', 'start-artim'], next: 'sta13' },
  'ar-5': { effects: ['stop-artim'], next: 'sta1' },
  'ar-6': { effects: ['indicate-p-data'], next: 'sta7' },
  'ar-7': { effects: ['send-p-data'], next: 'sta8' },
  'ar-8': { effects: ['indicate-release'], next: 'by-role' },
  'ar-9': { effects: ['send-release-rp'], next: 'sta11' },
  'ar-10': { effects: ['confirm-release'], next: 'sta12' },
  'aa-1': { effects: ['send-user-abort', 'start-artim'], next: 'sta13' },
  'aa-2': { effects: ['stop-artim', 'close-transport'], next: 'sta1' },
  'aa-3': { effects: ['indicate-abort', 'close-transport'], next: 'sta1' },
  'aa-4': { effects: ['indicate-provider-abort'], next: 'sta1' },
  'aa-5': { effects: ['stop-artim'], next: 'sta1' },
  'aa-6': { effects: [], next: 'sta13' },
  'aa-7': { effects: ['send-provider-abort'], next: 'sta13' },
  'aa-8': { effects: ['send-provider-abort', 'indicate-provider-abort', 'start-artim'], next: 'sta13' },
} as const satisfies Record<string, Action>;
export type ActionName = keyof typeof actions;

const established = ['sta6', 'sta7', 'sta8', 'sta9', 'sta10', 'sta11', 'sta12'] as const;

function all(action: ActionName, ...from: readonly State[]): Partial<Record<State, ActionName>> {
  return Object.fromEntries(from.map((state) => [state, action]));
}

/** PS3.8 table 9-10. An absent cell cannot happen: the local user or the transport would have to break its own order. */
export const transitions: Readonly<Record<Event, Readonly<Partial<Record<State, ActionName>>>>> = {
  evt1: { sta1: 'ae-1' },
  evt2: { sta4: 'ae-2' },
  evt3: { ...all('aa-8', 'sta3', ...established), sta2: 'aa-1', sta5: 'ae-3', sta13: 'aa-6' },
  evt4: { ...all('aa-8', 'sta3', ...established), sta2: 'aa-1', sta5: 'ae-4', sta13: 'aa-6' },
  evt5: { sta1: 'ae-5' },
  evt6: { ...all('aa-8', 'sta3', 'sta5', ...established), sta2: 'ae-6', sta13: 'aa-7' },
  evt7: { sta3: 'ae-7' },
  evt8: { sta3: 'ae-8' },
  evt9: { sta6: 'dt-1', sta8: 'ar-7' },
  evt10: {
    ...all('aa-8', 'sta3', 'sta5', ...established),
    sta2: 'aa-1',
    sta6: 'dt-2',
    sta7: 'ar-6',
    sta13: 'aa-6',
  },
  evt11: { sta6: 'ar-1' },
  evt12: {
    ...all('aa-8', 'sta3', 'sta5', ...established),
    sta2: 'aa-1',
    sta6: 'ar-2',
    sta7: 'ar-8',
    sta13: 'aa-6',
  },
  evt13: {
    ...all('aa-8', 'sta3', 'sta5', ...established),
    sta2: 'aa-1',
    sta7: 'ar-3',
    sta10: 'ar-10',
    sta11: 'ar-3',
    sta13: 'aa-6',
  },
  evt14: { sta8: 'ar-4', sta9: 'ar-9', sta12: 'ar-4' },
  evt15: { ...all('aa-1', 'sta3', 'sta5', ...established), sta4: 'aa-2' },
  evt16: { ...all('aa-3', 'sta3', 'sta5', ...established), sta2: 'aa-2', sta13: 'aa-2' },
  evt17: { ...all('aa-4', 'sta3', 'sta4', 'sta5', ...established), sta2: 'aa-5', sta13: 'ar-5' },
  evt18: { sta2: 'aa-2', sta13: 'aa-2' },
  evt19: { ...all('aa-8', 'sta3', 'sta5', ...established), sta2: 'aa-1', sta13: 'aa-7' },
};

export type Role = 'requestor' | 'acceptor';

/** The cell of table 9-10 for an event in a state; undefined where the table has none. */
export function transition(
  event: Event,
  state: State,
  role: Role,
): { readonly action: ActionName; readonly effects: readonly Effect[]; readonly next: State } | undefined {
  const action = transitions[event][state];
  if (action === undefined) return undefined;
  const { effects, next } = actions[action];
  if (next !== 'by-role') return { action, effects, next };
  return { action, effects, next: role === 'requestor' ? 'sta9' : 'sta10' };
}
