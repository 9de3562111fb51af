import React from 'react';
import type { IRun } from '../protocol';
import { isActive } from '../protocol';
import { ISectionProps, useModel } from './props';
import { RunRow } from './run';
import { statusText } from '../status';
import { Failure, Section } from './section';

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
        <ul className="jp-RobRuns">
          {runs.runs.map(run => (
            <RunRow key={run.id} run={run} {...props} />
          ))}
        </ul>
      )}
      <LiveStatus run={runs.runs?.[0]} {...props} />
    </Section>
  );
}

/** Tells those who do not see the list how the latest run goes. */
function LiveStatus(
  props: ISectionProps & { run: IRun | undefined }
): JSX.Element {
  const { run, model, trans } = props;
  const text = run
    ? `${run.notebook?.name ?? run.id} ${run.state} ${
        isActive(run) ? '' : statusText(run, model.leaderboard.board, trans)
      }`
    : '';
  return (
    <div className="jp-RobUnseen" role="status" aria-live="polite">
      {text}
    </div>
  );
}
