import { ApiError, read, refusal, type Api, type Schemas } from '../api/client';
import { eventsOf, type IngestionEvent } from '../api/events';

type Document = Schemas['DocumentView'];
type Progress = Schemas['IngestProgress'];

/** A file on its way into a collection. */
export interface Upload {
  id: number;
  name: string;
  size: number;
  collection: string;
  state: 'sending' | 'waiting' | 'working' | 'done' | 'unchanged' | 'failed';
  document: Document | null;
  progress: Progress | null;
  error: unknown;
}

/** Documents followed at once: a browser has six connections to a service, and others need some. */
const FOLLOWED = 3;
/** Files at once in one request. More go in several, so that one bad name or a lost line does not cost all. */
const FILES_AT_ONCE = 8;
const ENDED = new Set(['done', 'unchanged', 'failed']);

/** Sends files, and follows their documents until they are ready. */
export class Uploads {
  items = $state<Upload[]>([]);
  /** Grows with every document that was changed, so that lists know when to look again. */
  changes = $state(0);
  private next = 1;
  private following = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly api: Api,
    private readonly explain: (error: unknown) => string,
  ) {}

  get active(): Upload[] {
    return this.items.filter((item) => !ENDED.has(item.state));
  }

  clearEnded(): void {
    this.items = this.items.filter((item) => !ENDED.has(item.state));
  }

  /** Send files to a collection. Returns when every document is ready, or why it is not is known. */
  async add(files: File[], collection: string, metadata: Record<string, unknown> = {}): Promise<void> {
    const first = this.items.length;
    for (const file of files) {
      const fresh = { document: null, progress: null, error: null, state: 'sending' as const };
      this.items.push({ id: this.next++, name: nameOf(file), size: file.size, collection, ...fresh });
    }
    const added = this.items.slice(first);
    const following: Promise<void>[] = [];
    for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
      const end = start + FILES_AT_ONCE;
      await this.send(files.slice(start, end), added.slice(start, end), metadata, following);
    }
    await Promise.all(following);
  }

  /** Follow a document that is being worked on. */
  async follow(upload: Upload, document: Document): Promise<void> {
    upload.document = document;
    upload.state = 'waiting';
    if (this.following === FOLLOWED) await new Promise<void>((go) => this.queue.push(go));
    else this.following++;
    upload.state = 'working';
    try {
      const { data, error, response } = await this.api.GET('/api/documents/{document_id}/events', {
        params: { path: { document_id: document.id } },
        parseAs: 'stream',
      });
      if (!data) throw refusal(error, response);
      for await (const event of eventsOf<IngestionEvent>(data as ReadableStream<Uint8Array>)) {
        if (event.event === 'progress') upload.progress = event.data;
        else if (event.event === 'done') {
          upload.document = event.data;
          upload.state = event.data.status === 'failed' ? 'failed' : 'done';
          if (upload.state === 'failed') upload.error = event.data.error;
        } else throw new ApiError(event.data.problem, event.data.problem.detail);
      }
    } catch (error) {
      upload.state = 'failed';
      upload.error = this.explain(error);
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.following--;
    }
    this.changes++;
  }

  private async send(
    files: File[],
    uploads: Upload[],
    metadata: Record<string, unknown>,
    following: Promise<void>[],
  ): Promise<void> {
    const body = new FormData();
    for (const file of files) body.append('files', file, nameOf(file));
    body.append('collection', uploads[0]?.collection ?? 'default');
    if (Object.keys(metadata).length) body.append('metadata', JSON.stringify(metadata));
    try {
      const sent = await read(
        this.api.POST('/api/documents', {
          // The schema's files are strings to a generator; what is sent is a form.
          body: body as never,
          bodySerializer: () => body,
        }),
      );
      this.changes++;
      const refused = new Map(sent.refused.map((file) => [file.position, file.detail]));
      const items = sent.items.values();
      for (const [index, upload] of uploads.entries()) {
        const reason = refused.get(index);
        if (reason) Object.assign(upload, { state: 'failed', error: reason });
        if (reason) continue;
        const item = items.next().value;
        if (!item) continue;
        if (item.status === 'unchanged') Object.assign(upload, { state: 'unchanged', document: item });
        else following.push(this.follow(upload, item as Document));
      }
    } catch (error) {
      if (files.length > 1 && error instanceof ApiError && error.status === 422) {
        // One of them is refused, and the answer names none for certain: each has to speak for itself.
        for (const [index, file] of files.entries()) {
          const upload = uploads[index];
          if (upload) await this.send([file], [upload], metadata, following);
        }
        return;
      }
      for (const upload of uploads) Object.assign(upload, { state: 'failed', error: this.explain(error) });
    }
  }
}

/** A file out of a dropped folder keeps its path. */
function nameOf(file: File): string {
  return file.webkitRelativePath || file.name;
}
