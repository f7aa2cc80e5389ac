import { describe, expect, it } from 'vitest';
import { eventsOf, Truncated, type AnswerEvent } from './events';

function stream(...parts: (string | Error)[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    pull(controller) {
      const part = left.shift();
      if (part === undefined) controller.close();
      else if (part instanceof Error) controller.error(part);
      else controller.enqueue(new TextEncoder().encode(part));
    },
  });
}

async function names(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  for await (const event of eventsOf<AnswerEvent>(body)) found.push(event.event);
  return found;
}

describe('the events of a stream', () => {
  it('come whole, however the bytes were cut', async () => {
    const text = 'event: delta\ndata: {"text":"Zähne"}\n\nevent: done\ndata: {}\n\n';
    const bytes = new TextEncoder().encode(text);
    const found: unknown[] = [];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    for await (const event of eventsOf<AnswerEvent>(body)) found.push(event);
    expect(found).toEqual([
      { event: 'delta', data: { text: 'Zähne' } },
      { event: 'done', data: {} },
    ]);
  });

  it('do not include pings, and end with the last event', async () => {
    const body = stream(': ping\n\n', 'event: done\ndata: {}\n\n', 'event: delta\ndata: {}\n\n');
    expect(await names(body)).toEqual(['done']);
  });

  it('are truncated when the connection is lost, or closed early', async () => {
    await expect(names(stream('event: delta\ndata: {}\n\n'))).rejects.toThrow(Truncated);
    await expect(names(stream('event: delta\ndata: {}\n\n', new TypeError('network error')))).rejects.toThrow(
      Truncated,
    );
  });
});
