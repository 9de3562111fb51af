import React, { useEffect, useState } from 'react';
import { formatElapsed } from '../format';
import type { RobModel } from '../model';
import { progressShare, remainingText } from '../progress';
import type { IRun } from '../protocol';
import type { ISectionProps } from './props';

/** The share of the cells that have run; moves to and fro when it is not known. */
export function ProgressBar(props: { run: IRun }): JSX.Element {
  const share = progressShare(props.run);
  return share === null ? (
    <progress className="jp-RobProgress" />
  ) : (
    <progress className="jp-RobProgress" value={share} max={1} />
  );
}

/** The time a run has taken; ticks while someone looks. */
export function Elapsed(
  props: ISectionProps & { run: IRun }
): JSX.Element | null {
  const { run, model, trans } = props;
  const elapsed = useElapsed(model, run);
  return elapsed === null ? null : <>{formatElapsed(elapsed, trans)}</>;
}

/** How long a run will probably still take; ticks as well. */
export function Remaining(
  props: ISectionProps & { run: IRun; expected: number }
): JSX.Element | null {
  const { run, expected, model, trans } = props;
  const elapsed = useElapsed(model, run);
  return elapsed === null ? null : (
    <span
      className="jp-RobRun-remaining"
      title={trans.__(
        'Runs of this benchmark usually take %1',
        formatElapsed(expected, trans)
      )}
    >
      {remainingText(expected, elapsed, trans)}
    </span>
  );
}

/** Seconds since the run started, null when it is not known. */
function useElapsed(model: RobModel, run: IRun): number | null {
  const [now, setNow] = useState(Date.now());
  const elapsed = run.progress?.elapsed ?? null;
  const ticks = elapsed !== null;
  useEffect(() => {
    if (!ticks) {
      return;
    }
    const timer = setInterval(() => {
      if (model.isVisible && !document.hidden) {
        setNow(Date.now());
      }
    }, 1000);
    return () => clearInterval(timer);
  }, [model, ticks]);
  const since = Math.max(0, now - model.runs.receivedAt(run.id)) / 1000;
  return elapsed === null ? null : elapsed + since;
}
