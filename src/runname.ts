import type { IRun } from './protocol';

/** What a run is called: the names of its notebooks, each once; else what is given. */
export function runName(run: IRun, fallback: string = run.id): string {
  const submitted = run.submitted?.length
    ? run.submitted
    : run.notebook
      ? [run.notebook]
      : [];
  const names = new Set(submitted.map(({ name }) => name));
  return [...names].join(', ') || fallback;
}
