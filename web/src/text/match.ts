/** A part of a text: from the first character to before the last. */
export interface Span {
  start: number;
  end: number;
}

const SEED = 18;
const CLOSE = 12;

/**
 * Where a passage stands in a text that was read by another program: white space, hyphens, ligatures and case differ.
 *
 * @returns its parts in the order of the text; none if nothing of it is there
 */
export function findPassage(text: string, passage: string): Span[] {
  const [folded, origins] = fold(text);
  const [wanted] = fold(passage);
  const seedLength = Math.min(SEED, wanted.length);
  const found: Span[] = [];
  let from = 0;
  for (let at = 0; seedLength > 0 && at + seedLength <= wanted.length;) {
    const seed = wanted.slice(at, at + seedLength);
    const ahead = folded.indexOf(seed, from);
    const place = ahead < 0 ? folded.indexOf(seed) : ahead;
    if (place < 0) {
      at++;
      continue;
    }
    let length = seedLength;
    while (at + length < wanted.length && folded[place + length] === wanted[at + length]) length++;
    found.push({ start: place, end: place + length });
    from = place + length;
    at += length;
  }
  return joined(found).map(({ start, end }) => ({
    start: origins[start] ?? 0,
    end: (origins[end - 1] ?? 0) + 1,
  }));
}

/** The letters and digits of a text as two readers see them alike, and for each where it came from. */
function fold(text: string): [string, number[]] {
  let folded = '';
  const origins: number[] = [];
  for (let index = 0; index < text.length; index++) {
    for (const part of (text[index] ?? '').normalize('NFKD').toLowerCase()) {
      if (!/[\p{L}\p{N}]/u.test(part)) continue;
      folded += part;
      origins.push(index);
    }
  }
  return [folded, origins];
}

function joined(spans: Span[]): Span[] {
  const kept: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = kept.at(-1);
    if (last && span.start - last.end <= CLOSE) last.end = Math.max(last.end, span.end);
    else kept.push({ ...span });
  }
  return kept;
}
