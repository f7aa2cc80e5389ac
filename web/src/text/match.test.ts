import { describe, expect, it } from 'vitest';
import { findPassage } from './match';

function marked(text: string, passage: string): string[] {
  return findPassage(text, passage).map(({ start, end }) => text.slice(start, end));
}

describe('a passage in a page', () => {
  it('is found whatever the white space, the case and the hyphens', () => {
    const page = 'Chapter 2\nEvery em-\nployee has\n29  days of LEAVE. Next.';
    expect(marked(page, 'every employee has 29 days of leave.')).toEqual([
      'Every em-\nployee has\n29  days of LEAVE',
    ]);
  });

  it('is found through ligatures and accents', () => {
    expect(marked('The oﬃce in Zürich is open', 'the office in Zürich')).toEqual(['The oﬃce in Zürich']);
  });

  it('is marked in parts where the page has something between', () => {
    const page =
      'The first sentence of the passage. [advertisement and page number 7] The second sentence of it.';
    expect(marked(page, 'The first sentence of the passage. The second sentence of it.')).toEqual([
      'The first sentence of the passage',
      'The second sentence of it',
    ]);
  });

  it('that begins on the page before is marked from the top', () => {
    expect(
      marked('went on until the very end of the year.', 'The trial, which went on until the very end'),
    ).toEqual(['went on until the very end']);
  });

  it('that is not there marks nothing', () => {
    expect(
      findPassage('Something else altogether stands on this page.', 'Employees have 29 days of leave'),
    ).toEqual([]);
    expect(findPassage('text', ' – ')).toEqual([]);
  });

  it('may be short', () => {
    expect(marked('a total of 42 days', '42 days')).toEqual(['42 days']);
  });
});
