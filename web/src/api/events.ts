import type { Schemas } from './client';

export type AnswerEvent = Schemas['AnswerEvent'];
export type IngestionEvent = Schemas['IngestionEvent'];
export type PullEvent = Schemas['PullEvent'];
export type WarmingEvent = Schemas['WarmingEvent'];

/** A stream ended without its last event: the connection was lost on the way. */
export class Truncated extends Error {
  constructor() {
    super('The stream ended before its last event.');
    this.name = 'Truncated';
  }
}

interface AnyEvent {
  event: string;
  data: unknown;
}

/**
 * The events of a stream up to and with its last, which is `done` or `error`. EventSource cannot send a key, nor POST.
 *
 * Throws Truncated when the stream breaks off before.
 */
export async function* eventsOf<E extends AnyEvent>(body: ReadableStream<Uint8Array>): AsyncGenerator<E> {
  for await (const block of blocks(body)) {
    const event = parse(block);
    if (event === null) continue;
    yield event as E;
    if (event.event === 'done' || event.event === 'error') return;
  }
  throw new Truncated();
}

async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let text = '';
  try {
    for (;;) {
      let part: ReadableStreamReadResult<string>;
      try {
        part = await reader.read();
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') throw error;
        throw new Truncated();
      }
      if (part.done) return;
      text += part.value;
      const complete = text.split(/\r?\n\r?\n/);
      text = complete.pop() ?? '';
      yield* complete;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): AnyEvent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [name, value] = [
      line.slice(0, line.indexOf(':')),
      line.slice(line.indexOf(':') + 1).replace(/^ /, ''),
    ];
    if (name === 'event') event = value;
    if (name === 'data') data.push(value);
  }
  return data.length ? { event, data: JSON.parse(data.join('\n')) } : null;
}
