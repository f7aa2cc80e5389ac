import { read, type Api, type Schemas } from '../api/client';
import { keep, local, recall } from './stored';

export type Collection = Schemas['CollectionView'];

/** The collections, and the one that is being worked with in every view. */
export class Collections {
  items = $state.raw<Collection[]>([]);
  loaded = $state(false);
  current = $state(recall(local, 'collection') ?? 'default');

  constructor(private readonly api: Api) {}

  get selected(): Collection | undefined {
    return this.items.find((item) => item.name === this.current);
  }

  async load(): Promise<void> {
    const found: Collection[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = cursor ? { limit: 200, cursor } : { limit: 200 };
      const page: Schemas['PageView_CollectionView_'] = await read(
        this.api.GET('/api/collections', { params: { query } }),
      );
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    this.items = found;
    this.loaded = true;
    if (found.length && !found.some((item) => item.name === this.current)) {
      this.choose(found.find((item) => item.name === 'default')?.name ?? found[0]?.name ?? 'default');
    }
  }

  choose(name: string): void {
    this.current = name;
    keep(local, 'collection', name);
  }
}
