import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { StudyIcon } from '../../ui/icons.tsx';
import { PictureCanvas } from './canvas.tsx';
import { usePicture } from './use-picture.ts';

/** A small picture once images are shown; a mark in its place before, and where there is none. */
export function Thumbnail({
  studyId,
  instanceId,
  number,
  isHere,
  grant,
}: {
  readonly studyId: string;
  readonly instanceId: string;
  readonly number: string;
  /** What has no copy on this PC is fetched only when somebody asks for it. */
  readonly isHere: boolean;
  readonly grant: string | undefined;
}): ReactElement {
  const { t } = useTranslation();
  const state = usePicture(
    grant === undefined || !isHere
      ? undefined
      : { studyId, instanceId, frame: 0, size: 'thumbnail', from: 'here', grant },
  );
  const loaded = state.tag === 'ready' ? state.loaded : state.tag === 'loading' ? state.before : undefined;
  return (
    <span className="thumbnail">
      {loaded?.instanceId === instanceId ? (
        <PictureCanvas
          picture={loaded.picture}
          label={t('study.picture.thumbnail', { number })}
          className="thumbnail-picture"
        />
      ) : (
        <StudyIcon className="thumbnail-mark" />
      )}
    </span>
  );
}
