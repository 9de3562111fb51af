import { closeIcon, LabIcon } from '@jupyterlab/ui-components';
import React, { useId, useState } from 'react';
import { formatAge, formatTime } from '../format';
import { cancelIcon, canceledIcon, pendingIcon, successIcon } from '../icons';
import { hasSeveral, IRun, isActive, RunState } from '../protocol';
import { CommandIDs } from '../tokens';
import { remarks } from '../progress';
import { runName } from '../runname';
import { statusText } from '../status';
import { Elapsed, ProgressBar, Remaining } from './progress';
import type { ISectionProps } from './props';
import { RunDetails } from './rundetails';

const ICONS: Record<RunState, LabIcon | null> = {
  PENDING: pendingIcon,
  RUNNING: null,
  SUCCESS: successIcon,
  ERROR: closeIcon,
  CANCELED: canceledIcon
};

/** One run: how it stands, and by a click all there is to know. */
export function RunRow(
  props: ISectionProps & {
    run: IRun;
    /** The time to reckon ages from, in milliseconds. */
    now: number;
  }
): JSX.Element {
  const { run, now, model, commands, trans } = props;
  const [isOpen, setOpen] = useState(false);
  const details = useId();
  const name = runName(run, trans.__('run %1', run.id));
  const isCanceling = model.runs.isCanceling(run.id);
  const status = isCanceling
    ? trans.__('canceling…')
    : statusText(run, model.leaderboard.board, trans);
  const expected = run.state === 'RUNNING' ? run.progress?.expected : null;
  const Icon = ICONS[run.state];
  return (
    <li className="jp-RobRun" data-state={run.state} data-run={run.id}>
      <div className="jp-RobRun-head">
        <button
          type="button"
          className="jp-RobRun-summary"
          aria-expanded={isOpen}
          aria-controls={details}
          onClick={() => setOpen(!isOpen)}
        >
          <span
            className="jp-RobRun-mark"
            role="img"
            aria-label={run.state}
            title={run.state}
          >
            {Icon ? <Icon.react tag="span" /> : <span className="jp-RobRing" />}
          </span>
          <span className="jp-RobEllipsis jp-RobRun-name" title={name}>
            {name}
          </span>
          <span className="jp-RobRun-age" title={formatTime(run.createdAt)}>
            {isActive(run) ? (
              <Elapsed {...props} />
            ) : (
              formatAge(run.createdAt, now, trans)
            )}
          </span>
        </button>
        {isActive(run) && (
          <button
            type="button"
            className="jp-RobIconButton"
            disabled={isCanceling}
            title={trans.__('Cancel this run')}
            aria-label={trans.__('Cancel the run of %1', name)}
            onClick={() =>
              void commands.execute(CommandIDs.cancelRun, { run: run.id })
            }
          >
            <cancelIcon.react tag="span" />
          </button>
        )}
      </div>
      <div className="jp-RobRun-line">
        <span className="jp-RobEllipsis jp-RobRun-status" title={status}>
          {status}
        </span>
        {run.rank !== null && run.rank !== undefined && (
          <span className="jp-RobRank" title={trans.__('Rank')}>
            {`#${run.rank}`}
          </span>
        )}
        {run.state === 'ERROR' && run.cause?.cell && model.failedIn(run) ? (
          <button
            type="button"
            className="jp-RobLink"
            aria-label={trans.__(
              'Show cell %1 of %2',
              run.cause.cell,
              (hasSeveral(run) && run.cause.step) || name
            )}
            onClick={() =>
              void commands.execute(CommandIDs.showCell, { run: run.id })
            }
          >
            {trans.__('show')}
          </button>
        ) : run.state === 'ERROR' ? (
          <button
            type="button"
            className="jp-RobLink"
            aria-expanded={isOpen}
            aria-controls={details}
            aria-label={trans.__('Show why %1 failed', name)}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? trans.__('less') : trans.__('more')}
          </button>
        ) : null}
        {expected ? (
          <Remaining {...props} expected={expected} />
        ) : (
          <span
            className="jp-RobEllipsis jp-RobRun-as"
            title={trans.__('Submitted as %1', run.groupName ?? run.groupId)}
          >
            {run.groupName}
          </span>
        )}
      </div>
      {run.state === 'RUNNING' && <ProgressBar run={run} />}
      {isActive(run) &&
        remarks(run, trans).map(text => (
          <p key={text} className="jp-RobRun-remark">
            {text}
          </p>
        ))}
      <div id={details} hidden={!isOpen}>
        {isOpen && <RunDetails {...props} />}
      </div>
    </li>
  );
}
