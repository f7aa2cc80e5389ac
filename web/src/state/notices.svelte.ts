export interface Notice {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  /** A button beside the text, such as undo. */
  action: { label: string; run: () => void } | null;
  seconds: number;
}

/** Short messages at the edge of the page, read out as they come. */
export class Notices {
  items = $state<Notice[]>([]);
  private next = 1;

  say(text: string, more: Partial<Pick<Notice, 'tone' | 'action' | 'seconds'>> = {}): number {
    const notice = { id: this.next++, text, tone: 'plain' as const, action: null, seconds: 6, ...more };
    this.items.push(notice);
    return notice.id;
  }

  dismiss(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }
}
