import type { ReactElement } from 'react';
import { StudyIcon } from '../../ui/icons.tsx';
import { PictureCanvas } from './canvas.tsx';
import { usePicture } from './use-picture.ts';

interface ThumbnailProps {
  readonly studyId: string;
  readonly instanceId: string;
  /** What has no copy on this PC is fetched only when somebody asks for it. */
  readonly isHere: boolean;
  readonly grant: string | undefined;
}

/** A small picture once images are shown; a mark in its place before, and where there is none. Its row names it. */
export function Thumbnail({ studyId, instanceId, isHere, grant }: ThumbnailProps): ReactElement {
  return (
    <span className="thumbnail" aria-hidden="true">
      {grant === undefined || !isHere ? (
        <StudyIcon className="thumbnail-mark" />
      ) : (
        <Shown key={`${instanceId} ${grant}`} studyId={studyId} instanceId={instanceId} grant={grant} />
      )}
    </span>
  );
}

function Shown({
  studyId,
  instanceId,
  grant,
}: {
  readonly studyId: string;
  readonly instanceId: string;
  readonly grant: string;
}): ReactElement {
  const state = usePicture({ studyId, instanceId, frame: 0, size: 'thumbnail', from: 'here', grant });
  return state.tag === 'ready' ? (
    <PictureCanvas picture={state.loaded.picture} className="thumbnail-picture" />
  ) : (
    <StudyIcon className="thumbnail-mark" />
  );
}
