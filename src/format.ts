/**
 * Numbers and times for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ResultValue } from './protocol';

/** A result: four significant digits, a dash where there is none. */
export function formatValue(value: ResultValue | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return '–';
  }
  if (typeof value !== 'number') {
    return String(value);
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e9) {
    return String(value);
  }
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3
    ? value.toExponential(3)
    : String(Number(value.toPrecision(size >= 1000 ? 6 : 4)));
}

/** A duration, as in `8 s`, `1:05` or `2:00:09`. */
export function formatElapsed(
  seconds: number,
  trans: TranslationBundle
): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** A time of the service as a date; without a time zone it is in UTC. */
function parseTime(time: string): Date {
  return new Date(/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
}

/** A date and time to the minute. */
export function formatTime(time: string): string {
  return parseTime(time).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short'
  });
}

/** How long ago a time was, in one unit. */
export function formatAge(
  time: string,
  now: number,
  trans: TranslationBundle
): string {
  const minutes = Math.floor((now - parseTime(time).getTime()) / 60000);
  if (!(minutes >= 1)) {
    return trans.__('now');
  }
  if (minutes < 60) {
    return trans.__('%1 min', minutes);
  }
  return minutes < 48 * 60
    ? trans.__('%1 h', Math.floor(minutes / 60))
    : trans.__('%1 d', Math.floor(minutes / 1440));
}
