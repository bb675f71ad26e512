/** From the link to the study: what is shown when, in which language and colours. */
import { assertNever } from '../../shared/assert-never.ts';
import {
  dateAndTime,
  dicomDate,
  languages,
  personName,
  preferredLanguage,
  type Language,
} from '../i18n/language.ts';
import { Pictures } from '../model/pictures.ts';
import { groupSeries } from '../model/series.ts';
import { newView, type View } from '../model/view.ts';
import { parseLink, type ShareLink } from '../open/link.ts';
import { problemCode, type ProblemCode } from '../open/problem.ts';
import { Share } from '../open/share.ts';
import { stretchPasscode } from '../worker/stretch.ts';
import { h, labelled, select } from './dom.ts';
import {
  card,
  linkScreen,
  passcodeScreen,
  problemScreen,
  workingScreen,
  type WorkingScreen,
} from './start-screens.ts';
import { StudyScreen } from './study-screen.ts';

type Theme = 'system' | 'light' | 'dark';

type Step =
  | { readonly tag: 'link'; readonly problem: ProblemCode | undefined }
  | { readonly tag: 'passcode'; readonly link: ShareLink; readonly problem: ProblemCode | undefined }
  | { readonly tag: 'working'; readonly what: 'opening' | 'passcode' }
  | { readonly tag: 'problem'; readonly problem: ProblemCode; readonly again: () => void }
  | { readonly tag: 'study'; readonly share: Share; readonly pictures: Pictures; readonly view: View };

export class App {
  readonly #root: HTMLElement;
  #language: Language = preferredLanguage(navigator.languages);
  #theme: Theme = 'system';
  #step: Step = { tag: 'link', problem: undefined };
  #study: StudyScreen | undefined;
  #working: WorkingScreen | undefined;
  /** Ends everything that the last link has begun. */
  #life = new AbortController();

  constructor(root: HTMLElement) {
    this.#root = root;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#applyTheme());
    this.#applyTheme();
    addEventListener('hashchange', () => this.#readFragment());
    this.#render('keep');
    this.#readFragment();
  }

  /** Takes the link out of the address bar and this page's history entry at once: it holds the key. */
  #readFragment(): void {
    const { hash } = location;
    if (hash.length < 2) return;
    history.replaceState(null, '', location.pathname + location.search);
    this.#openLink(hash);
  }

  #openLink(text: string): void {
    this.#begin();
    try {
      const link = parseLink(text);
      if (link.key.tag === 'passcode') this.#go({ tag: 'passcode', link, problem: undefined });
      else void this.#open(link, undefined);
    } catch (error) {
      this.#go({ tag: 'link', problem: problemCode(error, 'link-broken') });
    }
  }

  #begin(): void {
    this.#life.abort();
    this.#life = new AbortController();
  }

  async #open(link: ShareLink, passcode: string | undefined): Promise<void> {
    const { signal } = this.#life;
    this.#go({ tag: 'working', what: passcode === undefined ? 'opening' : 'passcode' });
    try {
      const { key } = link;
      const stretched =
        key.tag === 'passcode' && passcode !== undefined
          ? await stretchPasscode(passcode, key, signal, (share) => this.#working?.show(share))
          : undefined;
      const share = await Share.open(link, stretched, signal);
      stretched?.fill(0);
      if (signal.aborted) return;
      this.#go({ tag: 'study', share, pictures: new Pictures(share, signal), view: newView() });
    } catch (error) {
      if (signal.aborted) return;
      const problem = problemCode(error, 'damaged');
      if (problem === 'passcode-wrong') this.#go({ tag: 'passcode', link, problem });
      else this.#go({ tag: 'problem', problem, again: () => void this.#open(link, passcode) });
    }
  }

  #forget(): void {
    this.#begin();
    this.#go({ tag: 'link', problem: undefined });
  }

  #go(step: Step): void {
    this.#step = step;
    this.#render('move');
  }

  /** `move`: a new step takes the focus, so that it is read out. */
  #render(focus: 'move' | 'keep'): void {
    this.#study?.stop();
    this.#study = undefined;
    const messages = languages[this.#language];
    document.documentElement.lang = this.#language;
    document.title = `${messages.title} · Edge Sync`;
    const main = h('main', { class: 'main' }, [this.#body()]);
    this.#root.replaceChildren(
      h('a', { class: 'skip-link', href: '#stage', hidden: this.#step.tag !== 'study' }, [messages.skip], {
        'on:click': (event) => {
          // The address bar stays as it is.
          event.preventDefault();
          document.querySelector<HTMLElement>('#stage')?.focus();
        },
      }),
      this.#header(),
      h('aside', { class: 'standing-note' }, [h('p', {}, [messages.notForDiagnosis])]),
      main,
    );
    if (focus === 'move')
      main.querySelector<HTMLElement>('.card input, .card textarea, .card h2, .stage')?.focus();
  }

  #body(): HTMLElement {
    const step = this.#step;
    const messages = languages[this.#language];
    const other = (): void => this.#forget();
    switch (step.tag) {
      case 'link':
        return linkScreen(messages, step.problem, (text) => this.#openLink(text));
      case 'passcode':
        return passcodeScreen(
          messages,
          step.problem,
          (passcode) => void this.#open(step.link, passcode),
          other,
        );
      case 'working': {
        const text = step.what === 'opening' ? messages.opening : messages.passcode.working;
        this.#working = workingScreen(messages, text, other);
        return this.#working.element;
      }
      case 'problem':
        return problemScreen(messages, step.problem, step.again, other);
      case 'study': {
        const series = groupSeries(step.share.index.files);
        if (series.length === 0) return card(messages.empty, []);
        const words = { messages, language: this.#language };
        this.#study = new StudyScreen(step.share, step.pictures, series, step.view, words);
        return this.#study.element;
      }
      default:
        return assertNever(step);
    }
  }

  #header(): HTMLElement {
    const messages = languages[this.#language];
    const theme = select<Theme>(
      (['system', 'light', 'dark'] as const).map((value) => ({ value, label: messages.theme[value] })),
      this.#theme,
      (value) => {
        this.#theme = value;
        this.#applyTheme();
      },
    );
    const language = select<Language>(
      (['en', 'es'] as const).map((value) => ({ value, label: languages[value].language })),
      this.#language,
      (value) => {
        this.#language = value;
        this.#render('keep');
        document.querySelector<HTMLElement>('.header select')?.focus();
      },
    );
    return h('header', { class: 'header' }, [
      this.#about(),
      h('div', { class: 'header-choices' }, [
        labelled(messages.languageLabel, language),
        labelled(messages.theme.label, theme),
      ]),
    ]);
  }

  /** Whose study it is, from whom, and until when. */
  #about(): HTMLElement {
    const messages = languages[this.#language];
    if (this.#step.tag !== 'study') return h('div', { class: 'about' }, [h('h1', {}, [messages.title])]);
    const { study, practice, expiresAt, files } = this.#step.share.index;
    const name = personName(study.patientName);
    const about = [
      study.studyDescription,
      dicomDate(study.studyDate, this.#language),
      messages.images(files.length),
      practice === '' ? '' : messages.from(practice),
    ];
    const until = expiresAt === undefined ? undefined : this.#until(expiresAt);
    return h('div', { class: 'about' }, [
      h('h1', {}, [name === '' ? messages.title : name]),
      h('p', {}, [about.filter((part) => part !== '').join(' · ')]),
      until === undefined ? undefined : h('p', { class: 'muted' }, [until]),
    ]);
  }

  #until(expiresAt: Date): string {
    const messages = languages[this.#language];
    const text = dateAndTime(expiresAt, this.#language);
    return expiresAt.getTime() > Date.now() ? messages.expires(text) : messages.expired(text);
  }

  #applyTheme(): void {
    const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
    const shown = this.#theme === 'system' ? (isDark ? 'dark' : 'light') : this.#theme;
    document.documentElement.dataset['theme'] = shown;
  }
}
