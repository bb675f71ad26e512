import { useId, useState } from 'react';
import type { ReactElement } from 'react';
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudyInstance } from '../../../shared/contract-study.ts';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { Tick } from '../../ui/choice.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { LockIcon } from '../../ui/icons.tsx';
import { PictureCanvas } from './canvas.tsx';
import { levelRange, windowChoices } from './drawn-picture.ts';
import type { DrawnPicture, Voi } from './drawn-picture.ts';
import { useImageWords } from './image-list.tsx';
import { usePicture } from './use-picture.ts';
import type { Loaded, PictureState } from './use-picture.ts';

interface PictureViewProps {
  readonly studyId: string;
  readonly image: StudyInstance | undefined;
  readonly grant: string | undefined;
}

/** One frame, large. Without a reveal it holds no picture at all. */
export function PictureView({ studyId, image, grant }: PictureViewProps): ReactElement {
  const { t } = useTranslation();
  if (grant === undefined) {
    return (
      <div className="picture-stage picture-empty">
        <LockIcon className="empty-icon" />
        <p className="muted">{t('study.picture.hidden')}</p>
      </div>
    );
  }
  if (image === undefined) {
    return (
      <div className="picture-stage picture-empty">
        <p className="muted">{t('study.picture.choose')}</p>
      </div>
    );
  }
  // Another image starts anew: its frames, and the window that its device asks for.
  return <OnePicture key={`${image.id} ${grant}`} studyId={studyId} image={image} grant={grant} />;
}

function OnePicture({
  studyId,
  image,
  grant,
}: {
  readonly studyId: string;
  readonly image: StudyInstance;
  readonly grant: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useImageWords();
  const [frame, setFrame] = useState(0);
  const [from, setFrom] = useState<'here' | 'cloud'>('here');
  const [round, setRound] = useState(0);
  const [voi, setVoi] = useState<Voi | undefined>(undefined);
  const [isInverse, setIsInverse] = useState(false);
  const state = usePicture({ studyId, instanceId: image.id, frame, size: 'frame', from, grant, round });
  const loaded = loadedOf(state);
  const frames = loaded?.image.frames ?? 1;
  const label =
    frames === 1
      ? words.name(image)
      : t('study.picture.label', {
          number: image.number,
          frame: format.count((loaded?.frame ?? 0) + 1),
          frames: format.count(frames),
        });
  return (
    <>
      <div className="picture-stage">
        {state.tag === 'failed' ? (
          <div className="picture-failed">
            <ErrorNote report={state.report} />
            {state.report.code === 'preview-not-here' ? (
              <Button look="primary" onPress={() => setFrom('cloud')}>
                {t('study.picture.fetch')}
              </Button>
            ) : (
              <Button onPress={() => setRound((last) => last + 1)}>{t('study.picture.again')}</Button>
            )}
          </div>
        ) : loaded === undefined ? (
          <p className="muted" role="status">
            {from === 'cloud' ? t('study.picture.fetching') : t('study.picture.drawing')}
          </p>
        ) : (
          <PictureCanvas
            picture={loaded.picture}
            voi={voi}
            polarity={isInverse ? 'inverse' : 'normal'}
            label={label}
            className="picture"
          />
        )}
      </div>
      {frames === 1 ? null : <FrameSlider frame={frame} frames={frames} onFrame={setFrame} />}
      {loaded === undefined || state.tag === 'failed' ? null : (
        <>
          <Look
            picture={loaded.picture}
            voi={voi}
            onVoi={setVoi}
            isInverse={isInverse}
            onInverse={setIsInverse}
          />
          <p className="muted picture-note">
            {sizeText(
              loaded,
              (key, values) => t(`study.picture.${key}`, values),
              (value) => format.count(value),
            )}{' '}
            · {t('study.picture.notDiagnostic')}
          </p>
        </>
      )}
    </>
  );
}

function loadedOf(state: PictureState): Loaded | undefined {
  if (state.tag === 'ready') return state.loaded;
  return state.tag === 'loading' ? state.before : undefined;
}

function sizeText(
  { image, picture }: Loaded,
  say: (key: 'size' | 'reduced', values: { columns: string; rows: string }) => string,
  count: (value: number) => string,
): string {
  const values = { columns: count(image.columns), rows: count(image.rows) };
  return say(picture.columns === image.columns ? 'size' : 'reduced', values);
}

/** Arrows move by one, Page Up and Down by more, Home and End to the ends. */
function FrameSlider({
  frame,
  frames,
  onFrame,
}: {
  readonly frame: number;
  readonly frames: number;
  readonly onFrame: (frame: number) => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Slider
      className="slider"
      minValue={1}
      maxValue={frames}
      value={frame + 1}
      onChange={(value) => onFrame(value - 1)}
    >
      <Label>{t('study.picture.frame')}</Label>
      <SliderOutput>
        {t('study.picture.frameOf', { frame: format.count(frame + 1), frames: format.count(frames) })}
      </SliderOutput>
      <SliderTrack className="slider-track">
        <SliderThumb className="slider-thumb" />
      </SliderTrack>
    </Slider>
  );
}

function Look({
  picture,
  voi,
  onVoi,
  isInverse,
  onInverse,
}: {
  readonly picture: DrawnPicture;
  readonly voi: Voi | undefined;
  readonly onVoi: (voi: Voi | undefined) => void;
  readonly isInverse: boolean;
  readonly onInverse: (isInverse: boolean) => void;
}): ReactElement {
  const { t } = useTranslation();
  const id = useId();
  const [chosen, setChosen] = useState('file');
  const choices = windowChoices(picture);
  const level = levelRange(picture, voi);
  const own = (change: { readonly center?: number; readonly width?: number }): void => {
    if (level === undefined) return;
    setChosen('own');
    onVoi({ tag: 'window', center: level.center, width: level.width, ...change, function: 'LINEAR_EXACT' });
  };
  return (
    <div className="look">
      {choices.length === 0 ? null : (
        <div className="field">
          <label htmlFor={id}>{t('study.picture.look')}</label>
          <select
            id={id}
            className="select"
            value={chosen}
            onChange={({ target }) => {
              setChosen(target.value);
              onVoi(choices.find((one) => one.id === target.value)?.voi);
            }}
          >
            <option value="file">{t('study.picture.file')}</option>
            {choices.map((one) => (
              <option key={one.id} value={one.id}>
                {one.id.startsWith('file-')
                  ? one.name === ''
                    ? t('study.picture.file')
                    : t('study.picture.fileNamed', { name: one.name })
                  : t(`study.picture.${one.id as 'full' | 'soft-tissue' | 'lung' | 'bone' | 'brain'}`)}
              </option>
            ))}
            {chosen === 'own' ? <option value="own">{t('study.picture.own')}</option> : null}
          </select>
        </div>
      )}
      {level === undefined ? null : (
        <>
          <LevelSlider
            label={t('study.picture.center')}
            value={level.center}
            least={level.least}
            most={level.most}
            step={level.step}
            onValue={(center) => own({ center })}
          />
          <LevelSlider
            label={t('study.picture.width')}
            value={level.width}
            least={level.step}
            most={Math.max(level.most - level.least, level.width)}
            step={level.step}
            onValue={(width) => own({ width })}
          />
        </>
      )}
      <Tick text={t('study.picture.invert')} isTicked={isInverse} onChange={onInverse} />
    </div>
  );
}

function LevelSlider({
  label,
  value,
  least,
  most,
  step,
  onValue,
}: {
  readonly label: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly onValue: (value: number) => void;
}): ReactElement {
  return (
    <Slider className="slider" minValue={least} maxValue={most} step={step} value={value} onChange={onValue}>
      <Label>{label}</Label>
      <SliderOutput />
      <SliderTrack className="slider-track">
        <SliderThumb className="slider-thumb" />
      </SliderTrack>
    </Slider>
  );
}
