/** The series, each with a small picture that is fetched when it comes into sight. */
import type { Messages } from '../i18n/en.ts';
import { maxUnaskedFileBytes, type Pictures } from '../model/pictures.ts';
import type { Series } from '../model/series.ts';
import { h } from './dom.ts';
import { paintPicture } from './paint.ts';

const thumbnailPixels = 144;

export class SeriesList {
  readonly element: HTMLElement;
  readonly #buttons = new Map<string, HTMLButtonElement>();
  readonly #pictures: Pictures;
  readonly #messages: Messages;

  constructor(
    series: readonly Series[],
    pictures: Pictures,
    messages: Messages,
    onChoose: (series: Series) => void,
  ) {
    this.#pictures = pictures;
    this.#messages = messages;
    const inSight = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        inSight.unobserve(target);
        const one = series.find(({ uid }) => this.#buttons.get(uid) === target);
        if (one !== undefined) void this.#showThumbnail(one, target);
      }
    });
    const items = series.map((one) => {
      const item = this.#item(one, onChoose);
      this.#buttons.set(one.uid, item);
      inSight.observe(item);
      return h('li', {}, [item]);
    });
    this.element = h('nav', { class: 'series-list', 'aria-label': messages.series }, [h('ul', {}, items)]);
  }

  choose(uid: string | undefined): void {
    for (const [one, item] of this.#buttons) {
      if (one === uid) item.setAttribute('aria-current', 'true');
      else item.removeAttribute('aria-current');
    }
  }

  #item(series: Series, onChoose: (series: Series) => void): HTMLButtonElement {
    const name = this.#messages.seriesName(series.number);
    const about = [series.modality, series.description].filter((part) => part !== '').join(' · ');
    return h(
      'button',
      { type: 'button', class: 'series' },
      [
        h('span', { class: 'thumbnail' }),
        h('span', { class: 'series-text' }, [
          h('span', { class: 'series-name' }, [name]),
          h('span', { class: 'series-about' }, [about]),
          h('span', { class: 'series-count' }, [this.#messages.images(series.files.length)]),
        ]),
      ],
      { 'on:click': () => onChoose(series) },
    );
  }

  async #showThumbnail(series: Series, item: Element): Promise<void> {
    const place = item.querySelector('.thumbnail');
    const file = series.files[Math.floor(series.files.length / 2)];
    if (place === null || file === undefined) return;
    try {
      if (file.sizeBytes > maxUnaskedFileBytes) throw new Error('large');
      const picture = await this.#pictures.picture(file, 0);
      const whole = document.createElement('canvas');
      paintPicture(whole, picture, undefined, 'normal');
      const height = picture.rows * picture.geometry.pixelAspect;
      const factor = thumbnailPixels / Math.max(picture.columns, height);
      const small = h('canvas', {
        width: Math.max(1, Math.round(picture.columns * factor)),
        height: Math.max(1, Math.round(height * factor)),
        'aria-hidden': 'true',
      });
      small.getContext('2d')?.drawImage(whole, 0, 0, small.width, small.height);
      place.replaceChildren(small);
    } catch {
      // Why is said where the image itself is asked for.
      place.replaceChildren(h('span', { class: 'no-thumbnail' }, [this.#messages.noPicture]));
    }
  }
}
