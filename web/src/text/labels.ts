import type { Messages } from '../state/language.svelte';

/** A setting's name in words: as the language has it, or else the name itself without underscores. */
export function labelOf(t: Messages, name: string): string {
  const known = t.form.labels[name];
  if (known) return known;
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a setting does: as the language has it, or else as the API's document says. */
export function hintOf(t: Messages, name: string, description: string): string {
  return t.form.hints[name] ?? description.replaceAll('`', '');
}
