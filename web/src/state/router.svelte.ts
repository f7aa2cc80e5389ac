export const VIEWS = ['ask', 'documents', 'search', 'cache', 'operate'] as const;
export type View = (typeof VIEWS)[number];

/** Where one is: a view, what of it is open, and what it is narrowed to. */
export interface Place {
  view: View;
  /** The parts of the path after the view, decoded. */
  path: string[];
  query: URLSearchParams;
}

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view, ...rest] = path.split('/').filter(Boolean).map(decode);
  return {
    view: VIEWS.find((known) => known === view) ?? 'ask',
    path: rest,
    query: new URLSearchParams(query),
  };
}

export function formatPlace(view: View, path: string[] = [], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${[view, ...path].map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Keeps the place in the address's fragment, so that links work wherever the page is mounted. */
export class Router {
  place = $state.raw<Place>(parsePlace(''));

  listen(): () => void {
    const follow = (): void => {
      this.place = parsePlace(location.hash);
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }

  go(view: View, path: string[] = [], query: Record<string, string> = {}): void {
    location.hash = formatPlace(view, path, query);
  }

  /** Go there without a step in the history. */
  replace(view: View, path: string[] = [], query: Record<string, string> = {}): void {
    history.replaceState(null, '', formatPlace(view, path, query));
    this.place = parsePlace(location.hash);
  }
}
