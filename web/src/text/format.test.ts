import { describe, expect, it } from 'vitest';
import { formatFor } from './format';

const en = formatFor('en');
const de = formatFor('de');

describe('figures', () => {
  it.each([
    [0.412, '0.41 ms'],
    [7.25, '7.3 ms'],
    [340.4, '340 ms'],
    [3412, '3.4 sec'],
    [61_000, '61 sec'],
    [600_000, '10 min'],
  ])('%s ms is %s', (milliseconds, text) => {
    expect(en.duration(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [3430, '3.4 kB'],
    [104_857_600, '105 MB'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(en.bytes(bytes)).toBe(text);
  });

  it('are written as the language has them', () => {
    expect(de.number(1234.5, 1)).toBe('1.234,5');
    expect(de.share(0.945)).toMatch(/^94,5\s%$/);
    expect(en.share(null)).toBe('–');
    expect(de.ago(new Date(0), 180_000)).toBe('vor 3 Minuten');
    expect(en.ago(new Date(0), 400)).toBe('now');
  });
});
