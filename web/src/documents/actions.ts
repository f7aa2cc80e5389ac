import type { Schemas } from '../api/client';
import type { Page } from '../state/page';

/** Take a document out of sight, and out of the service when the time to undo it is over. */
export function deleteWithUndo(page: Page, document: Schemas['DocumentView']): void {
  page.deletions.add(document.id, (error) => page.notices.say(page.explain(error), { tone: 'bad' }));
  page.notices.say(page.t.documents.deleted(document.filename), {
    action: { label: page.t.undo, run: () => page.deletions.undo(document.id) },
    seconds: page.deletions.seconds,
  });
}
