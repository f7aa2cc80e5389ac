import { keep, recall, session } from './stored';

/** The API key of a service that asks for one: in memory, and if so wished until the browser's tab is closed. */
export class Access {
  key = $state<string | null>(recall(session, 'key'));
  /** A request was refused for want of a key. */
  asked = $state(false);

  refused(): void {
    this.asked = true;
  }

  signIn(key: string, remember: boolean): void {
    this.key = key;
    this.asked = false;
    keep(session, 'key', remember ? key : null);
  }

  signOut(): void {
    this.key = null;
    this.asked = true;
    keep(session, 'key', null);
  }
}
