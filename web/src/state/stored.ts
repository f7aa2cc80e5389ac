/** What the browser keeps for this page. A browser that keeps nothing costs comfort only. */
export function recall(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(`localchat.${name}`);
  } catch {
    return null;
  }
}

export function keep(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(`localchat.${name}`);
    else storage().setItem(`localchat.${name}`, value);
  } catch {
    // Private windows of some browsers keep nothing.
  }
}

export const local = (): Storage => localStorage;
export const session = (): Storage => sessionStorage;
