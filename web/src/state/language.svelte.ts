import en from '../messages/en';
import { keep, local, recall } from './stored';

/** The texts of the page. Every other language is a file of this shape in `messages/`, and nothing else. */
export type Messages = typeof en;

const FILES = import.meta.glob<{ default: Messages }>(['../messages/*.ts', '!../messages/en.ts']);
const LOADERS: Record<string, () => Promise<Messages>> = { en: () => Promise.resolve(en) };
for (const [path, load] of Object.entries(FILES)) {
  LOADERS[path.replace(/^.*\/(.+)\.ts$/, '$1')] = () => load().then((file) => file.default);
}

const RIGHT_TO_LEFT = new Set(['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi']);

export class Language {
  readonly codes = Object.keys(LOADERS).sort();
  code = $state('en');
  messages = $state.raw<Messages>(en);

  /** The one that was chosen before, else the first of the browser's that there is, else English. */
  async start(): Promise<void> {
    const wanted = [recall(local, 'language'), ...navigator.languages].map((tag) => tag?.split('-')[0] ?? '');
    await this.use(wanted.find((code) => code in LOADERS) ?? 'en');
  }

  async choose(code: string): Promise<void> {
    keep(local, 'language', code);
    await this.use(code);
  }

  /** Its own name for itself. */
  name(code: string): string {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
    return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
  }

  private async use(code: string): Promise<void> {
    const load = LOADERS[code];
    if (!load) return;
    this.messages = await load();
    this.code = code;
    document.documentElement.lang = code;
    document.documentElement.dir = RIGHT_TO_LEFT.has(code) ? 'rtl' : 'ltr';
  }
}
