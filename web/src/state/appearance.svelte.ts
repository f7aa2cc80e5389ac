import { keep, local, recall } from './stored';

export const SCHEMES = ['system', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Light or dark: as the machine has it, or as was chosen here. */
export class Appearance {
  scheme = $state<Scheme>('system');
  private readonly dark = matchMedia('(prefers-color-scheme: dark)');

  start(): () => void {
    this.scheme = SCHEMES.find((known) => known === recall(local, 'scheme')) ?? 'system';
    const show = (): void => this.show();
    this.dark.addEventListener('change', show);
    show();
    return () => this.dark.removeEventListener('change', show);
  }

  choose(scheme: Scheme): void {
    this.scheme = scheme;
    keep(local, 'scheme', scheme === 'system' ? null : scheme);
    this.show();
  }

  private show(): void {
    const dark = this.scheme === 'dark' || (this.scheme === 'system' && this.dark.matches);
    document.documentElement.dataset['scheme'] = dark ? 'dark' : 'light';
  }
}
