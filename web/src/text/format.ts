/** Numbers, times and sizes as a language writes them. */
export interface Format {
  number(value: number, digits?: number): string;
  share(value: number | null | undefined): string;
  bytes(value: number): string;
  /** Milliseconds, with the unit that fits. */
  duration(milliseconds: number): string;
  date(value: string | Date): string;
  time(value: string | Date): string;
  /** How long ago, in words. */
  ago(value: string | Date, now?: number): string;
  list(values: string[]): string;
}

const BYTES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const made = new Map<string, Format>();

export function formatFor(code: string): Format {
  const known = made.get(code);
  if (known) return known;
  const format = make(code);
  made.set(code, format);
  return format;
}

function make(code: string): Format {
  const whole = new Intl.NumberFormat(code, { maximumFractionDigits: 0 });
  const share = new Intl.NumberFormat(code, { style: 'percent', maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(code, { numeric: 'auto' });
  const date = new Intl.DateTimeFormat(code, { dateStyle: 'medium' });
  const time = new Intl.DateTimeFormat(code, { dateStyle: 'medium', timeStyle: 'short' });
  const list = new Intl.ListFormat(code, { type: 'conjunction' });
  const unit = (name: string, value: number, digits: number): string =>
    new Intl.NumberFormat(code, {
      style: 'unit',
      unit: name,
      unitDisplay: name === 'byte' ? 'long' : 'short',
      maximumFractionDigits: digits,
    }).format(value);

  return {
    number: (value, digits) =>
      digits === undefined
        ? whole.format(value)
        : new Intl.NumberFormat(code, {
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
          }).format(value),
    share: (value) => (value === null || value === undefined ? '–' : share.format(value)),
    bytes(value) {
      const step = Math.min(BYTES.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
      const scaled = value / 1000 ** step;
      return unit(BYTES[step] ?? 'byte', scaled, step === 0 || scaled >= 100 ? 0 : 1);
    },
    duration(milliseconds) {
      if (milliseconds < 1) return unit('millisecond', milliseconds, 2);
      if (milliseconds < 1000) return unit('millisecond', milliseconds, milliseconds < 10 ? 1 : 0);
      const seconds = milliseconds / 1000;
      if (seconds < 90) return unit('second', seconds, seconds < 10 ? 1 : 0);
      if (seconds < 5400) return unit('minute', seconds / 60, 0);
      return unit('hour', seconds / 3600, 1);
    },
    date: (value) => date.format(new Date(value)),
    time: (value) => time.format(new Date(value)),
    ago(value, now = Date.now()) {
      const seconds = (new Date(value).getTime() - now) / 1000;
      const [name, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
      return relative.format(Math.round(seconds / size), name);
    },
    list: (values) => list.format(values),
  };
}
