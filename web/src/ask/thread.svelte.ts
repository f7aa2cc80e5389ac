import { ApiError, read, refusal, type Api, type Schemas } from '../api/client';
import { eventsOf, Truncated, type AnswerEvent } from '../api/events';

export type Source = Schemas['SourceView'];
export type Highlight = Schemas['HighlightView'];
export type ChatRequest = Schemas['ChatRequest'];

/** What shapes an answer besides its question. */
export interface Options {
  collection: string;
  topK: number;
  model: string | null;
  /** How answers are made; null for as the collection has it. */
  mode: NonNullable<ChatRequest['mode']> | null;
  semantic: boolean;
  filter: Record<string, unknown>;
  /** Names of the documents to look into; none for all. */
  documents: string[];
}

export type State = 'waiting' | 'writing' | 'done' | 'stopped' | 'failed';

/** A question and what came of it. */
export interface Exchange {
  id: number;
  question: string;
  state: State;
  text: string;
  /** What a reasoning model thought before it answered. Nothing keeps it. */
  thoughts: string;
  sources: Source[];
  /** Sentences of the sources that hold the answer. */
  highlights: Highlight[];
  citations: Schemas['CitationView'][];
  start: Schemas['AnswerStart'] | null;
  stages: Schemas['Status'][];
  usage: Schemas['UsageView'] | null;
  finish: string | null;
  error: unknown;
  /** Milliseconds from the question to the end, as seen from here. */
  took: number | null;
  /** The connection was lost, and the answer is being asked for again. */
  reconnecting: boolean;
  verdict: Schemas['FeedbackRequest']['verdict'] | null;
  /** It was read from the conversation's history, which keeps neither times nor what the cache did. */
  recalled: boolean;
}

type Cache = NonNullable<ChatRequest['cache']>;

const ATTEMPTS = 4;
const PAUSE = 700;

/** One conversation: its exchanges, and the answer that is being written. */
export class Thread {
  exchanges = $state<Exchange[]>([]);
  conversation = $state<string | null>(null);
  private controller: AbortController | null = null;
  private next = 1;

  constructor(
    private readonly api: Api,
    private readonly pause: (milliseconds: number) => Promise<void> = (milliseconds) =>
      new Promise((resolve) => setTimeout(resolve, milliseconds)),
  ) {}

  get busy(): boolean {
    const last = this.exchanges.at(-1);
    return last?.state === 'waiting' || last?.state === 'writing';
  }

  clear(): void {
    this.stop();
    this.exchanges = [];
    this.conversation = null;
  }

  stop(): void {
    this.controller?.abort();
  }

  /** Show a conversation that was kept. Returns the collection that it is about. */
  async open(id: string): Promise<string> {
    const path = { conversation_id: id };
    const history = await read(this.api.GET('/api/conversations/{conversation_id}', { params: { path } }));
    this.clear();
    this.conversation = id;
    for (const message of history.messages) {
      if (message.role === 'user') this.exchanges.push(this.fresh(message.content));
      const last = this.exchanges.at(-1);
      if (message.role !== 'assistant' || !last) continue;
      last.text = message.content;
      last.sources = message.sources as unknown as Source[];
      last.start = recalledStart(message.query_id, id);
    }
    for (const exchange of this.exchanges) Object.assign(exchange, { state: 'done', recalled: true });
    return history.collection;
  }

  /** Ask, and show the answer as it comes. Returns when it has ended, one way or the other. */
  async ask(question: string, options: Options, cache: Cache = 'use'): Promise<Exchange> {
    this.stop();
    this.exchanges.push(this.fresh(question));
    const exchange = this.exchanges.at(-1) as Exchange;
    const controller = (this.controller = new AbortController());
    const began = performance.now();
    try {
      await this.receive(exchange, this.body(question, options, cache), controller.signal);
      this.conversation = exchange.start?.conversation_id ?? this.conversation;
      if (exchange.state !== 'failed') exchange.state = 'done';
    } catch (error) {
      exchange.state = controller.signal.aborted ? 'stopped' : 'failed';
      exchange.error = error;
    }
    exchange.took = performance.now() - began;
    exchange.reconnecting = false;
    return exchange;
  }

  private body(question: string, options: Options, cache: Cache): ChatRequest {
    return {
      question,
      collection: options.collection,
      conversation_id: this.conversation,
      top_k: options.topK,
      model: options.model,
      mode: options.mode,
      semantic: options.semantic,
      filter: options.filter,
      documents: options.documents,
      cache,
    };
  }

  /** A lost connection is made anew, and the answer goes on where it stopped. */
  private async receive(exchange: Exchange, body: ChatRequest, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.stream(exchange, body, signal);
        return;
      } catch (error) {
        const lost = error instanceof Truncated || (error instanceof ApiError && error.problem === null);
        if (!lost || signal.aborted || exchange.start === null || attempt === ATTEMPTS) throw error;
        exchange.reconnecting = true;
        await this.pause(PAUSE * 2 ** (attempt - 1));
      }
    }
  }

  private async stream(exchange: Exchange, body: ChatRequest, signal: AbortSignal): Promise<void> {
    const { data, error, response } = await this.api.POST('/api/chat', { body, parseAs: 'stream', signal });
    if (!response.ok || !data) throw refusal(error, response);
    const shown = exchange.text;
    exchange.citations = [];
    exchange.stages = [];
    exchange.thoughts = '';
    let text = '';
    for await (const { event, data: content } of eventsOf<AnswerEvent>(data as ReadableStream<Uint8Array>)) {
      if (event === 'start') exchange.start = content;
      else if (event === 'status') exchange.stages.push(content);
      else if (event === 'sources') exchange.sources = content;
      else if (event === 'highlights') exchange.highlights = content;
      else if (event === 'thinking') exchange.thoughts += content.text;
      else if (event === 'delta') {
        text += content.text;
        exchange.state = 'writing';
        // What was shown before a lost connection stays until the text that comes again has passed it.
        if (!shown.startsWith(text)) exchange.text = text;
        if (text.length >= shown.length) exchange.reconnecting = false;
      } else if (event === 'citation') exchange.citations.push(content);
      else if (event === 'usage') exchange.usage = content;
      else if (event === 'done') {
        exchange.finish = content.finish_reason;
        exchange.text = text;
      } else if (event === 'error') {
        exchange.state = 'failed';
        exchange.error = new ApiError(content.problem, content.problem.detail || content.problem.title);
      }
    }
  }

  private fresh(question: string): Exchange {
    return {
      id: this.next++,
      question,
      state: 'waiting',
      text: '',
      thoughts: '',
      sources: [],
      highlights: [],
      citations: [],
      start: null,
      stages: [],
      usage: null,
      finish: null,
      error: null,
      took: null,
      reconnecting: false,
      verdict: null,
      recalled: false,
    };
  }
}

function recalledStart(queryId: string | null, conversation: string): Exchange['start'] {
  if (queryId === null) return null;
  const cache = { status: 'miss' as const, tier: null, key: null, age_seconds: null };
  return {
    query_id: queryId,
    trace_id: '',
    model: '',
    conversation_id: conversation,
    searched_for: null,
    cache: { ...cache, similarity: null, matched_query: null },
  };
}
