import { keep, local, recall } from './stored';

export const SCHEMES = ['system', 'light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];

/** Light or dark: as the machine has it, or as was chosen here. */
export class Appearance {
  scheme = $state<Scheme>('system');
  /** What is shown in the end. */
  dark = $state(false);
  private readonly system = matchMedia('(prefers-color-scheme: dark)');

  start(): () => void {
    this.scheme = SCHEMES.find((known) => known === recall(local, 'scheme')) ?? 'system';
    const show = (): void => this.show();
    this.system.addEventListener('change', show);
    show();
    return () => this.system.removeEventListener('change', show);
  }

  choose(scheme: Scheme): void {
    this.scheme = scheme;
    keep(local, 'scheme', scheme === 'system' ? null : scheme);
    this.show();
  }

  private show(): void {
    this.dark = this.scheme === 'dark' || (this.scheme === 'system' && this.system.matches);
    document.documentElement.dataset['scheme'] = this.dark ? 'dark' : 'light';
  }
}
