/** The words over the image's corners: whose it is, what it is, how it is shown. Can be hidden. */
import { dicomDate, decimal, personName } from '../i18n/language.ts';
import type { Series } from '../model/series.ts';
import type { View } from '../model/view.ts';
import type { ShareIndex } from '../open/share-index.ts';
import { defaultVoi } from '../pixels/gray.ts';
import type { Picture } from '../pixels/picture.ts';
import { h } from './dom.ts';
import type { StageWords } from './stage.ts';

export class Overlay {
  readonly corners = ['top-left', 'top-right', 'bottom-left', 'bottom-right'].map((corner) =>
    h('div', { class: `corner ${corner}` }),
  );
  readonly #index: ShareIndex;
  readonly #words: StageWords;

  constructor(index: ShareIndex, words: StageWords) {
    this.#index = index;
    this.#words = words;
  }

  update(
    view: View,
    series: Series | undefined,
    picture: Picture | undefined,
    frames: number,
    factor: number,
  ): void {
    const { messages, language } = this.#words;
    const { study } = this.#index;
    const gray = picture?.tag === 'gray' ? (view.voi ?? defaultVoi(picture)) : undefined;
    const texts = [
      [personName(study.patientName), study.patientId],
      [study.studyDescription, dicomDate(study.studyDate, language), this.#index.practice],
      [
        [series?.modality, series?.description]
          .filter((part) => part !== undefined && part !== '')
          .join(' · '),
        messages.imageOf(view.image + 1, series?.files.length ?? 0),
        frames > 1 ? messages.frameOf(view.frame + 1, frames) : '',
      ],
      [
        gray?.tag === 'window'
          ? messages.windowShown(decimal(gray.center, 1, language), decimal(gray.width, 1, language))
          : '',
        picture === undefined ? '' : messages.zoomShown(Math.round(factor * 100)),
        picture === undefined ? '' : `${picture.columns} × ${picture.rows}`,
      ],
    ];
    this.corners.forEach((corner, at) => {
      corner.hidden = view.text === 'hidden';
      const lines = (texts[at] ?? []).filter((line) => line !== '');
      corner.replaceChildren(...lines.map((line) => h('span', {}, [line])));
    });
  }
}
