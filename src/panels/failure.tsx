import React, { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { blameText, causeHeading } from '../causes';
import { FailedCellModel } from '../models/failedcell';
import { hasSeveral, ICause, IRun } from '../protocol';
import { ISectionProps, useModel } from './props';

/** Pixels above the first line of a cell. */
const PADDING = 4;

/** Why a run failed: what kind of error, in which cell, and whose it is. */
export function RunFailure(
  props: ISectionProps & { run: IRun; cause: ICause }
): JSX.Element {
  const { run, cause, model, trans } = props;
  const { benchmark, session } = model;
  const isCoordinator =
    benchmark?.id === run.workflowId && benchmark.isCoordinator === true;
  const blame = blameText(cause, session, isCoordinator, trans);
  // The message of a cell's error is that error again.
  const isTold = cause.kind === 'notebook' && cause.cell && cause.ename;
  return (
    <div className="jp-RobCause" data-kind={cause.kind}>
      <strong className="jp-RobCause-heading">
        {causeHeading(cause, trans, hasSeveral(run))}
      </strong>
      {(cause.cell || cause.cellId) && <FailedCell {...props} />}
      {cause.ename && (
        <p className="jp-RobDetails-message jp-RobCause-raised">
          <b>{cause.ename}</b>
          {cause.evalue ? `: ${cause.evalue}` : ''}
        </p>
      )}
      {cause.message && !isTold && (
        <p className="jp-RobCause-message">{cause.message}</p>
      )}
      {blame && <p className="jp-RobCause-blame">{blame}</p>}
    </div>
  );
}

/** The cell's own source, with the line that raised. */
function FailedCell(props: ISectionProps & { run: IRun }): JSX.Element | null {
  const { run, model } = props;
  const [cell, setCell] = useState<FailedCellModel | null>(null);
  const can = model.account.can('executed-notebook');
  useEffect(() => {
    if (!can) {
      return;
    }
    const found = new FailedCellModel(model.service);
    setCell(found);
    void found.load(run);
    return () => found.dispose();
    // A run that has ended does not change.
  }, [model, run.id, can]);
  return cell && <CellSource cell={cell} {...props} />;
}

function CellSource(
  props: ISectionProps & { cell: FailedCellModel }
): JSX.Element | null {
  const { cell, trans } = props;
  useModel(cell);
  const { source, line } = cell;
  const node = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    const failed = node.current?.querySelector<HTMLElement>('.jp-mod-failed');
    if (node.current && failed) {
      // Two lines before it are seen, too.
      node.current.scrollTop =
        failed.offsetTop - 2 * failed.offsetHeight - PADDING;
    }
  }, [source, line]);
  return source === null ? null : (
    <pre
      ref={node}
      className="jp-RobCause-source"
      tabIndex={0}
      aria-label={trans.__('The cell that failed')}
    >
      {source.split('\n').map((text, index) => (
        <code
          key={index}
          className={index + 1 === line ? 'jp-mod-failed' : undefined}
        >
          {`${text}\n`}
        </code>
      ))}
    </pre>
  );
}
