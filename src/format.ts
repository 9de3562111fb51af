/**
 * Numbers and times for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONValue } from '@lumino/coreutils';
import type { ResultValue } from './protocol';

/** Colours and the like that programs print for terminals. */
const CONTROL = new RegExp(
  `${String.fromCharCode(27)}\\[[0-?]*[ -/]*[@-~]`,
  'g'
);

/** What was printed, without what only a terminal understands. */
export function plainText(text: string): string {
  return text.replace(CONTROL, '');
}

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
  // A half goes up as it is written: the nearest binary number of 22.575 lies below it.
  const nudged = value * (1 + Number.EPSILON);
  return size >= 1e6 || size < 1e-3
    ? nudged.toExponential(3)
    : String(Number(nudged.toPrecision(size >= 1000 ? 6 : 4)));
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

/** A duration in words, as in `8 s`, `2 min` or `1 h 5 min`. */
export function formatSpan(seconds: number, trans: TranslationBundle): string {
  if (seconds < 60) {
    return trans.__('%1 s', Math.max(0, Math.floor(seconds)));
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? trans.__('%1 min', minutes)
    : trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** How long it took, in seconds, from one time to another. */
export function secondsBetween(start: string, end: string): number {
  return (parseTime(end).getTime() - parseTime(start).getTime()) / 1000;
}

/** A value of a parameter on one line. */
export function formatArgument(value: JSONValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The first digits of a hash, as many as the command line shows. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 7);
}

/** A long name without its middle. */
export function shortName(name: string, length = 30): string {
  const letters = [...name];
  if (letters.length <= length) {
    return name;
  }
  const head = Math.ceil((length - 1) / 2);
  const tail = length - 1 - head;
  return `${letters.slice(0, head).join('')}…${letters.slice(-tail).join('')}`;
}

/** The name of the script that is made of a notebook. */
export function scriptName(notebook: string): string {
  return `${notebook.replace(/\.ipynb$/, '')}.py`;
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
