import { mount } from 'svelte';
import { createApi } from './api/client';
import App from './App.svelte';
import { Access } from './state/access.svelte';
import { ApiDocument } from './state/api-document';
import { Appearance } from './state/appearance.svelte';
import { Collections } from './state/collections.svelte';
import { Deletions } from './state/deletions.svelte';
import { Language } from './state/language.svelte';
import { Notices } from './state/notices.svelte';
import { Page } from './state/page';
import { Router } from './state/router.svelte';
import { Uploads } from './state/uploads.svelte';
import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';

/** Put the page together: the one place where its parts are made. */
async function start(target: HTMLElement): Promise<void> {
  const base = new URL('.', document.baseURI);
  const access = new Access();
  const language = new Language();
  const router = new Router();
  const appearance = new Appearance();
  const api = createApi(
    base,
    () => access.key,
    () => access.refused(),
  );
  const uploads = new Uploads(api, (error) => page.explain(error));
  const page: Page = new Page({
    base,
    api,
    router,
    language,
    appearance,
    access,
    uploads,
    document: new ApiDocument(base),
    notices: new Notices(),
    collections: new Collections(api),
    deletions: new Deletions(api, () => uploads.changes++),
  });
  appearance.start();
  router.listen();
  await language.start();
  mount(App, { target, props: { page } });
}

const target = document.getElementById('app');
if (target) void start(target);
