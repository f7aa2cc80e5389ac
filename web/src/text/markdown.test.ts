import { describe, expect, it } from 'vitest';
import { renderAnswer } from './markdown';

const render = (text: string, sources = 3): string =>
  renderAnswer(text, sources, (number) => `Source ${number}`);

describe('an answer', () => {
  it('has its references to sources as buttons', () => {
    const html = render('29 days [1], asked for early [2][3].');
    expect(html.match(/data-citation="\d"/g)).toEqual([
      'data-citation="1"',
      'data-citation="2"',
      'data-citation="3"',
    ]);
    expect(html).toContain('aria-label="Source 2"');
  });

  it('may name several sources at once', () => {
    expect(render('So it is [1, 3].').match(/data-citation/g)).toHaveLength(2);
  });

  it('keeps numbers in brackets that refer to no source, and in code', () => {
    expect(render('see [9]')).toContain('[9]');
    expect(render('`a[1]`')).not.toContain('data-citation');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '<a href="#" onclick="alert(1)">x</a>',
    '<form action="https://evil.example"><input name="key"></form>',
    '![](https://evil.example/pixel.png)',
    '<style>body{display:none}</style>',
  ])('runs and loads nothing: %s', (text) => {
    expect(render(text)).not.toMatch(/<script|onerror|onclick|javascript:|<img|<form|<input|<style|src=/i);
  });

  it('opens links elsewhere without a way back', () => {
    expect(render('[docs](https://example.com)')).toContain('rel="noopener noreferrer"');
  });
});
