/** Before a study is open: the link, the passcode, waiting, and what went wrong. */
import type { Messages } from '../i18n/en.ts';
import type { ProblemCode } from '../open/problem.ts';
import { button, h } from './dom.ts';

export function linkScreen(
  messages: Messages,
  problem: ProblemCode | undefined,
  onLink: (text: string) => void,
): HTMLElement {
  const { link } = messages;
  const field = h('textarea', {
    id: 'link',
    rows: 4,
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    'aria-describedby': problem === undefined ? 'link-note' : 'link-problem link-note',
    'aria-invalid': problem === undefined ? undefined : 'true',
  });
  return card(link.heading, [
    h('p', {}, [link.intro]),
    h(
      'form',
      { class: 'form' },
      [
        h('label', { for: 'link' }, [link.label]),
        field,
        problem === undefined ? undefined : problemText(messages, problem, 'link-problem'),
        h('button', { type: 'submit', class: 'button primary' }, [link.open]),
      ],
      {
        'on:submit': (event) => {
          event.preventDefault();
          onLink(field.value);
        },
      },
    ),
    h('p', { class: 'muted', id: 'link-note' }, [link.reloaded]),
  ]);
}

export function passcodeScreen(
  messages: Messages,
  problem: ProblemCode | undefined,
  onPasscode: (passcode: string) => void,
  onOther: () => void,
): HTMLElement {
  const { passcode } = messages;
  const field = h('input', {
    id: 'passcode',
    type: 'password',
    autocomplete: 'off',
    required: true,
    'aria-describedby': problem === undefined ? undefined : 'passcode-problem',
    'aria-invalid': problem === undefined ? undefined : 'true',
  });
  return card(passcode.heading, [
    h('p', {}, [passcode.intro]),
    h(
      'form',
      { class: 'form' },
      [
        h('label', { for: 'passcode' }, [passcode.label]),
        field,
        problem === undefined ? undefined : problemText(messages, problem, 'passcode-problem'),
        h('div', { class: 'tool-group' }, [
          h('button', { type: 'submit', class: 'button primary' }, [passcode.open]),
          button(messages.otherLink, onOther),
        ]),
      ],
      {
        'on:submit': (event) => {
          event.preventDefault();
          onPasscode(field.value);
        },
      },
    ),
  ]);
}

export interface WorkingScreen {
  readonly element: HTMLElement;
  show(share: number): void;
}

export function workingScreen(messages: Messages, text: string, onCancel: () => void): WorkingScreen {
  const bar = h('progress', { 'aria-label': text });
  const element = card(text, [h('div', { role: 'status' }, [bar]), button(messages.save.cancel, onCancel)]);
  return {
    element,
    show: (share) => {
      bar.max = 1;
      bar.value = share;
    },
  };
}

export function problemScreen(
  messages: Messages,
  problem: ProblemCode,
  onAgain: () => void,
  onOther: () => void,
): HTMLElement {
  const { title, next } = messages.problems[problem];
  return card(title, [
    h('p', { role: 'alert' }, [next]),
    h('div', { class: 'tool-group' }, [
      button(messages.tryAgain, onAgain, { class: 'button primary' }),
      button(messages.otherLink, onOther),
    ]),
  ]);
}

function problemText(messages: Messages, problem: ProblemCode, id: string): HTMLElement {
  const { title, next } = messages.problems[problem];
  return h('p', { class: 'problem', id, role: 'alert' }, [h('strong', {}, [`${title}.`]), ` ${next}`]);
}

export function card(heading: string, children: readonly (Node | string | undefined)[]): HTMLElement {
  return h('section', { class: 'card' }, [h('h2', { tabindex: -1 }, [heading]), ...children]);
}
