/** A path that a person chooses in the desktop's own dialog. A browser has no such thing: there it is typed. */
import { pathAnswerSchema } from '../../shared/path-choice.ts';
import type { PathAnswer, PathPurpose } from '../../shared/path-choice.ts';

export type PathChoice =
  | PathAnswer
  /** It has characters that a field of one line cannot hold, or would lose. */
  | { readonly tag: 'unusable' }
  /** No dialog, or an answer that makes no sense. */
  | { readonly tag: 'failed' };

export type ChoosePath = (purpose: PathPurpose) => Promise<PathChoice>;

/** undefined where nobody can open a dialog for us. */
export function pathChooser(bridge: EdgeSyncBridge | undefined): ChoosePath | undefined {
  if (bridge === undefined) return undefined;
  return async (purpose) => {
    try {
      const answer = pathAnswerSchema.parse(await bridge.choosePath(purpose));
      return answer.tag === 'chosen' && !isKeptByField(answer.path) ? { tag: 'unusable' } : answer;
    } catch {
      return { tag: 'failed' };
    }
  };
}

/** Fields are of one line, and what is typed into them is trimmed: nothing of the path may get lost there. */
function isKeptByField(path: string): boolean {
  return path === path.trim() && !/\p{Cc}/u.test(path);
}
