import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];

/** What the API refused, or why it could not be reached. `problem` is null in the latter case. */
export class ApiError extends Error {
  readonly problem: Problem | null;

  constructor(problem: Problem | null, message: string) {
    super(message);
    this.name = 'ApiError';
    this.problem = problem;
  }

  get status(): number {
    return this.problem?.status ?? 0;
  }
}

export type Api = Client<paths>;

/**
 * The client of the API that lies beside the page, wherever both are mounted.
 *
 * @param key gives the API key to send, or null
 * @param onRefusedKey is called when a key is asked for that was not given, or was wrong
 */
export function createApi(base: URL, key: () => string | null, onRefusedKey: () => void): Api {
  const api = createClient<paths>({ baseUrl: base.href.replace(/\/$/, '') });
  api.use({
    onRequest({ request }) {
      const value = key();
      if (value) request.headers.set('Authorization', `Bearer ${value}`);
      return request;
    },
    onResponse({ response }) {
      if (response.status === 401) onRefusedKey();
    },
    onError() {
      return new ApiError(null, 'unreachable');
    },
  });
  return api;
}

interface Reply<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The data of a reply. Throws an ApiError for anything but a success.
 *
 * With a type of its own where the client's loses fields that are always null, and the length of lists.
 */
export async function read<T>(reply: Promise<Reply<T>> | Promise<Reply<unknown>>): Promise<T> {
  const { data, error, response } = await reply;
  if (!response.ok) throw refusal(error, response);
  return data as T;
}

/** An error body as an ApiError. What is no problem of ours, a proxy's page for one, is told by its status. */
export function refusal(body: unknown, response: Response): ApiError {
  const problem = isProblem(body) ? body : null;
  if (problem) return new ApiError(problem, problem.detail || problem.title);
  const title = response.statusText || `HTTP ${response.status}`;
  const made = { type: 'about:blank', title, status: response.status, detail: title };
  return new ApiError({ ...made, instance: '', request_id: '', trace_id: '' }, title);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'title' in body && 'status' in body && 'detail' in body;
}
