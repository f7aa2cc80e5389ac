import { getContext, setContext } from 'svelte';
import { ApiError, type Api } from '../api/client';
import type { Access } from './access.svelte';
import type { ApiDocument } from './api-document';
import type { Appearance } from './appearance.svelte';
import type { Collections } from './collections.svelte';
import type { Deletions } from './deletions.svelte';
import type { Language, Messages } from './language.svelte';
import type { Notices } from './notices.svelte';
import type { Router } from './router.svelte';
import type { Uploads } from './uploads.svelte';

const KEY = Symbol('page');

/** Everything that views share, made once in `main.ts`. */
export class Page {
  readonly base: URL;
  readonly api: Api;
  readonly document: ApiDocument;
  readonly router: Router;
  readonly language: Language;
  readonly appearance: Appearance;
  readonly access: Access;
  readonly notices: Notices;
  readonly collections: Collections;
  readonly uploads: Uploads;
  readonly deletions: Deletions;

  constructor(parts: Omit<Page, 't' | 'explain' | 'attempt'>) {
    this.base = parts.base;
    this.api = parts.api;
    this.document = parts.document;
    this.router = parts.router;
    this.language = parts.language;
    this.appearance = parts.appearance;
    this.access = parts.access;
    this.notices = parts.notices;
    this.collections = parts.collections;
    this.uploads = parts.uploads;
    this.deletions = parts.deletions;
  }

  get t(): Messages {
    return this.language.messages;
  }

  /** An error in words for people. */
  explain(error: unknown): string {
    if (error instanceof ApiError) {
      if (error.problem === null) return this.t.errors.unreachable;
      if (error.status === 401) return this.t.errors.unauthorized;
      return error.message;
    }
    return error instanceof Error ? error.message : String(error);
  }

  /** Do something, and say so if it fails. Returns undefined then. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) {
        this.notices.say(this.explain(error), { tone: 'bad', seconds: 10 });
      }
      return undefined;
    }
  }
}

export function providePage(page: Page): void {
  setContext(KEY, page);
}

export function usePage(): Page {
  return getContext<Page>(KEY);
}
