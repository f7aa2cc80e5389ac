import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';

/** A reference to a source in an answer: `[2]`, `[1, 3]` or `[1][3]`. */
const CITATION = /^\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\]/;

interface CitationToken extends Tokens.Generic {
  type: 'citation';
  numbers: number[];
}

/**
 * An answer's Markdown as safe HTML. References to one of `sources` sources become buttons with their number in
 * `data-citation`; a number in brackets that is none stays as it is written.
 *
 * @param label names the button of a source to who cannot see it
 */
export function renderAnswer(text: string, sources: number, label: (citation: number) => string): string {
  const marked = new Marked({
    gfm: true,
    breaks: false,
    extensions: [
      {
        name: 'citation',
        level: 'inline',
        start: (source) => source.indexOf('['),
        tokenizer(source) {
          const match = CITATION.exec(source);
          const numbers = match?.[1]?.split(',').map(Number) ?? [];
          if (!match || !numbers.every((number) => number >= 1 && number <= sources)) return undefined;
          return { type: 'citation', raw: match[0], numbers };
        },
        renderer(token) {
          return (token as CitationToken).numbers.map((number) => button(number, label(number))).join('');
        },
      },
    ],
    renderer: {
      // Nothing is loaded from elsewhere, and a picture that is not there says nothing.
      image: ({ text: alternative }) => escaped(alternative),
    },
  });
  return clean(marked.parse(text, { async: false }));
}

function clean(html: string): string {
  DOMPurify.addHook('afterSanitizeAttributes', (node) => {
    if (node.tagName !== 'A') return;
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer');
  });
  const cleaned = DOMPurify.sanitize(html, {
    FORBID_TAGS: ['style', 'form', 'input', 'img', 'svg', 'math', 'audio', 'video', 'iframe'],
    FORBID_ATTR: ['style', 'id', 'name'],
  });
  DOMPurify.removeAllHooks();
  return cleaned;
}

function button(citation: number, label: string): string {
  return `<button type="button" class="cite" data-citation="${citation}" aria-label="${escaped(label)}">${citation}</button>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
