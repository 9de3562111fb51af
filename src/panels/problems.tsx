import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IProblem } from '../protocol';

/** What would be refused, each with the way to its cell. */
export function Problems(props: {
  problems: readonly IProblem[];
  /** Whether to tell them at once: a submission was refused for them. */
  isAlert: boolean;
  trans: TranslationBundle;
  onShow: (cell: number) => void;
}): JSX.Element | null {
  const { problems, isAlert, trans, onShow } = props;
  if (problems.length === 0) {
    return null;
  }
  const list = (
    <ul className="jp-RobProblems" aria-label={trans.__('Problems')}>
      {problems.map(({ severity, message, cell }, index) => (
        <li key={index} data-severity={severity}>
          <span
            className="jp-RobProblems-mark"
            role="img"
            aria-label={
              severity === 'error' ? trans.__('Error') : trans.__('Warning')
            }
          />
          <span className="jp-RobProblems-message">{message}</span>
          {cell ? (
            <button
              type="button"
              className="jp-RobLink"
              aria-label={trans.__('Show cell %1', cell)}
              onClick={() => onShow(cell)}
            >
              {trans.__('show')}
            </button>
          ) : null}
        </li>
      ))}
    </ul>
  );
  return isAlert ? <div role="alert">{list}</div> : list;
}
