import { SvelteSet } from 'svelte/reactivity';
import { read, type Api } from '../api/client';

const SECONDS = 10;

/** Documents that a person deleted a moment ago. Each can be had back until its time is over, and goes then. */
export class Deletions {
  readonly seconds = SECONDS;
  readonly pending = new SvelteSet<string>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly api: Api,
    private readonly changed: () => void,
  ) {
    // Who leaves has not changed their mind.
    addEventListener('pagehide', () => {
      for (const id of this.timers.keys()) void this.send(id, true);
    });
  }

  add(id: string, failed: (error: unknown) => void): void {
    this.pending.add(id);
    const timer = setTimeout(() => {
      this.timers.delete(id);
      this.send(id, false)
        .catch(failed)
        .finally(() => {
          this.pending.delete(id);
          this.changed();
        });
    }, SECONDS * 1000);
    this.timers.set(id, timer);
  }

  undo(id: string): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.pending.delete(id);
  }

  private async send(id: string, keepalive: boolean): Promise<void> {
    const params = { path: { document_id: id } };
    await read(this.api.DELETE('/api/documents/{document_id}', { params, keepalive }));
  }
}
