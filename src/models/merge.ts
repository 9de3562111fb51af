import { IProgress, IRun, IRunEvent, isActive } from '../protocol';

/** A run with what an event tells of it. */
export function merge(run: IRun, event: IRunEvent): IRun {
  const attempt = event.attempt ?? run.attempt;
  // What the attempt before had reached says nothing.
  const known = isSame(attempt, run.attempt) ? run : null;
  return {
    ...run,
    state: event.state,
    progress: isActive(event) ? progress(known?.progress, event) : null,
    cause: event.cause ?? run.cause,
    result: event.result ?? run.result,
    rank: event.rank ?? run.rank,
    attempt,
    logSize: event.logSize ?? known?.logSize
  };
}

/** Of two descriptions of a run, in the order received, the one to believe: an attempt never goes back. */
export function newer(known: IRun, received: IRun): IRun {
  if (!isSame(known.attempt, received.attempt)) {
    const isOlder = (received.attempt ?? 1) < (known.attempt ?? 1);
    return isOlder && isActive(received) ? known : received;
  }
  if (stage(received) < stage(known)) {
    return known;
  }
  const before = known.progress?.elapsed ?? 0;
  const after = received.progress?.elapsed ?? before;
  return isActive(received) && after < before ? known : received;
}

function progress(
  known: IProgress | null | undefined,
  event: IRunEvent
): IProgress | null {
  if (event.state === 'PENDING') {
    const position = event.position ?? null;
    return position === null
      ? null
      : { step: null, cell: null, cells: null, elapsed: null, position };
  }
  // The cells of another step are not this one's.
  const step = event.step ?? known?.step ?? null;
  const same = step === known?.step ? known : undefined;
  return {
    step,
    cell: event.cell ?? same?.cell ?? null,
    cells: event.cells ?? same?.cells ?? null,
    elapsed: event.elapsed ?? known?.elapsed ?? null,
    expected: event.expected ?? known?.expected ?? null,
    // Null means that it is not known now.
    idle: event.idle ?? null
  };
}

function isSame(
  attempt: number | null | undefined,
  other: number | null | undefined
): boolean {
  return (attempt ?? 1) === (other ?? 1);
}

function stage(run: IRun): number {
  return run.state === 'PENDING' ? 0 : run.state === 'RUNNING' ? 1 : 2;
}
