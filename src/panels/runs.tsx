import React, { useEffect, useReducer, useState } from 'react';
import type { RobModel } from '../model';
import type { IRun } from '../protocol';
import { isActive } from '../protocol';
import { ISectionProps, useModel } from './props';
import { RunRow } from './run';
import { runName } from '../runname';
import { statusText } from '../status';
import { Failure, Section } from './section';

/** How many runs are listed at first. */
const LATEST = 5;

/** Milliseconds after which the ages of the runs are told anew. */
const REFRESH = 20000;

/** My runs of the benchmark, newest first. */
export function RunsSection(props: ISectionProps): JSX.Element {
  const { model, trans } = props;
  const { runs } = model;
  useModel(runs);
  useModel(model.leaderboard);
  return (
    <Section name="runs" title={trans.__('Runs')}>
      {runs.error && (
        <Failure
          message={runs.error.message}
          retry={trans.__('Retry')}
          onRetry={() => void model.refresh()}
        />
      )}
      {runs.runs === null ? (
        !runs.error && (
          <p className="jp-RobHint">
            {runs.benchmark ? trans.__('Loading…') : trans.__('No runs yet.')}
          </p>
        )
      ) : runs.runs.length === 0 ? (
        <p className="jp-RobHint">{trans.__('No runs yet.')}</p>
      ) : (
        <RunList runs={runs.runs} {...props} />
      )}
      <LiveStatus run={runs.runs?.[0]} {...props} />
    </Section>
  );
}

/** The latest runs and the active ones; all of them when asked for. */
function RunList(
  props: ISectionProps & { runs: readonly IRun[] }
): JSX.Element {
  const { runs, model, trans } = props;
  const [isLong, setLong] = useState(false);
  useMinutes(model);
  // One time for all rows: their ages change together.
  const now = Date.now();
  const shown = isLong
    ? runs
    : runs.filter((run, index) => index < LATEST || isActive(run));
  return (
    <>
      <ul className="jp-RobRuns">
        {shown.map(run => (
          <RunRow key={run.id} run={run} now={now} {...props} />
        ))}
      </ul>
      {(isLong ? runs.length > LATEST : shown.length < runs.length) && (
        <button
          type="button"
          className="jp-RobLink"
          onClick={() => setLong(!isLong)}
        >
          {isLong
            ? trans.__('Show fewer')
            : trans.__('Show all (%1)', runs.length)}
        </button>
      )}
    </>
  );
}

/** Render again as time goes by, while someone looks. */
function useMinutes(model: RobModel): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (model.isVisible && !document.hidden) {
        render();
      }
    }, REFRESH);
    return () => clearInterval(timer);
  }, [model]);
}

/** Tells those who do not see the list how the latest run goes. */
function LiveStatus(
  props: ISectionProps & { run: IRun | undefined }
): JSX.Element {
  const { run, model, trans } = props;
  const text = run
    ? `${runName(run)} ${run.state} ${
        isActive(run) ? '' : statusText(run, model.leaderboard.board, trans)
      }`
    : '';
  return (
    <div className="jp-RobUnseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
