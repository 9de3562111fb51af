import { IProgress, IRun, IRunEvent, isActive } from '../protocol';

/** A run with what an event tells of it. */
export function merge(run: IRun, event: IRunEvent): IRun {
  const progress: IProgress | null =
    event.state === 'RUNNING'
      ? {
          step: event.step ?? run.progress?.step ?? null,
          cell: event.cell ?? run.progress?.cell ?? null,
          cells: event.cells ?? run.progress?.cells ?? null,
          elapsed: event.elapsed ?? run.progress?.elapsed ?? null
        }
      : null;
  return {
    ...run,
    state: event.state,
    progress,
    cause: event.cause ?? run.cause,
    result: event.result ?? run.result,
    rank: event.rank ?? run.rank
  };
}

/** Of two descriptions of a run, in the order received, the one to believe: a run never goes back. */
export function newer(known: IRun, received: IRun): IRun {
  if (stage(received) < stage(known)) {
    return known;
  }
  const before = known.progress?.elapsed ?? 0;
  const after = received.progress?.elapsed ?? before;
  return isActive(received) && after < before ? known : received;
}

function stage(run: IRun): number {
  return run.state === 'PENDING' ? 0 : run.state === 'RUNNING' ? 1 : 2;
}
