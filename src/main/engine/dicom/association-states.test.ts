import { describe, expect, it } from 'vitest';
import { actions, type ActionName, events, states, transition, transitions } from './association-states.ts';

/**
 * PS3.8 table 9-10 once more, written row by row in the standard's own layout (columns Sta1 to Sta13), so that the
 * code's shorter spelling is checked against it cell by cell. A dash is an empty cell.
 */
const table = `
evt1  ae-1 -    -    -    -    -    -    -    -    -     -    -    -
evt2  -    -    -    ae-2 -    -    -    -    -    -     -    -    -
evt3  -    aa-1 aa-8 -    ae-3 aa-8 aa-8 aa-8 aa-8 aa-8  aa-8 aa-8 aa-6
evt4  -    aa-1 aa-8 -    ae-4 aa-8 aa-8 aa-8 aa-8 aa-8  aa-8 aa-8 aa-6
evt5  ae-5 -    -    -    -    -    -    -    -    -     -    -    -
evt6  -    ae-6 aa-8 -    aa-8 aa-8 aa-8 aa-8 aa-8 aa-8  aa-8 aa-8 aa-7
evt7  -    -    ae-7 -    -    -    -    -    -    -     -    -    -
evt8  -    -    ae-8 -    -    -    -    -    -    -     -    -    -
evt9  -    -    -    -    -    dt-1 -    ar-7 -    -     -    -    -
evt10 -    aa-1 aa-8 -    aa-8 dt-2 ar-6 aa-8 aa-8 aa-8  aa-8 aa-8 aa-6
evt11 -    -    -    -    -    ar-1 -    -    -    -     -    -    -
evt12 -    aa-1 aa-8 -    aa-8 ar-2 ar-8 aa-8 aa-8 aa-8  aa-8 aa-8 aa-6
evt13 -    aa-1 aa-8 -    aa-8 aa-8 ar-3 aa-8 aa-8 ar-10 ar-3 aa-8 aa-6
evt14 -    -    -    -    -    -    -    ar-4 ar-9 -     -    ar-4 -
evt15 -    -    aa-1 aa-2 aa-1 aa-1 aa-1 aa-1 aa-1 aa-1  aa-1 aa-1 -
evt16 -    aa-2 aa-3 -    aa-3 aa-3 aa-3 aa-3 aa-3 aa-3  aa-3 aa-3 aa-2
evt17 -    aa-5 aa-4 aa-4 aa-4 aa-4 aa-4 aa-4 aa-4 aa-4  aa-4 aa-4 ar-5
evt18 -    aa-2 -    -    -    -    -    -    -    -     -    -    aa-2
evt19 -    aa-1 aa-8 -    aa-8 aa-8 aa-8 aa-8 aa-8 aa-8  aa-8 aa-8 aa-7
`;

/** PS3.8 tables 9-6 to 9-9: the state each action ends in. */
const nextStates: Record<ActionName, string> = {
  'ae-1': 'sta4',
  'ae-2': 'sta5',
  'ae-3': 'sta6',
  'ae-4': 'sta1',
  'ae-5': 'sta2',
  'ae-6': 'sta3',
  'ae-7': 'sta6',
  'ae-8': 'sta13',
  'dt-1': 'sta6',
  'dt-2': 'sta6',
  'ar-1': 'sta7',
  'ar-2': 'sta8',
  'ar-3': 'sta1',
  'ar-4': 'sta13',
  'ar-5': 'sta1',
  'ar-6': 'sta7',
  'ar-7': 'sta8',
  'ar-8': 'by-role',
  'ar-9': 'sta11',
  'ar-10': 'sta12',
  'aa-1': 'sta13',
  'aa-2': 'sta1',
  'aa-3': 'sta1',
  'aa-4': 'sta1',
  'aa-5': 'sta1',
  'aa-6': 'sta13',
  'aa-7': 'sta13',
  'aa-8': 'sta13',
};

describe('the state table', () => {
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.split(/\s+/));

  it('has every cell of PS3.8 table 9-10 and no other', () => {
    expect(rows.map(([event]) => event)).toEqual([...events]);
    for (const [event, ...cells] of rows) {
      expect(cells).toHaveLength(states.length);
      cells.forEach((cell, index) => {
        const state = states[index]!;
        const actual = transitions[event as (typeof events)[number]][state];
        expect(actual ?? '-', `${event} in ${state}`).toBe(cell);
      });
    }
  });

  it('leads to the next state of PS3.8 tables 9-6 to 9-9', () => {
    for (const [action, next] of Object.entries(nextStates)) {
      expect(actions[action as ActionName].next, action).toBe(next);
    }
    expect(Object.keys(actions).sort()).toEqual(Object.keys(nextStates).sort());
  });

  it('sends the two sides of a release collision to states of their own', () => {
    expect(transition('evt12', 'sta7', 'requestor')?.next).toBe('sta9');
    expect(transition('evt12', 'sta7', 'acceptor')?.next).toBe('sta10');
  });

  it('has a way out of every state when the transport closes', () => {
    for (const state of states.filter((one) => one !== 'sta1')) {
      expect(transition('evt17', state, 'acceptor')?.next, state).toBe('sta1');
    }
  });

  it('answers every PDU in every state with an open transport after connecting', () => {
    const pdus = ['evt3', 'evt4', 'evt6', 'evt10', 'evt12', 'evt13', 'evt16', 'evt19'] as const;
    for (const event of pdus) {
      for (const state of states.filter((one) => one !== 'sta1' && one !== 'sta4')) {
        expect(transition(event, state, 'acceptor'), `${event} in ${state}`).toBeDefined();
      }
    }
  });
});
