import type { Messages } from '../state/language.svelte';

/** A setting's name in words: as the language has it, or else the name itself without underscores. */
export function labelOf(t: Messages, name: string): string {
  const known = (t.form.labels as Record<string, string>)[name];
  if (known) return known;
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
