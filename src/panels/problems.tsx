import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IProblem } from '../protocol';

/** What would be refused, each with the way to its cell. */
export function Problems(props: {
  problems: readonly IProblem[];
  /** Whether to tell them at once: a submission was refused for them. */
  isAlert: boolean;
  /** What the reader calls the parameter whose notebook a problem is about. */
  nameStep: (parameter: string) => string;
  trans: TranslationBundle;
  onShow: (problem: IProblem) => void;
}): JSX.Element | null {
  const { problems, isAlert, nameStep, trans, onShow } = props;
  if (problems.length === 0) {
    return null;
  }
  const list = (
    <ul className="jp-RobProblems" aria-label={trans.__('Problems')}>
      {problems.map((problem, index) => {
        const { severity, message, cell, notebook } = problem;
        const step = notebook ? nameStep(notebook) : null;
        return (
          <li key={index} data-severity={severity}>
            <span
              className="jp-RobProblems-mark"
              role="img"
              aria-label={
                severity === 'error' ? trans.__('Error') : trans.__('Warning')
              }
            />
            {/* It names the notebook itself, where there are several. */}
            <span className="jp-RobProblems-message">{message}</span>
            {cell ? (
              <button
                type="button"
                className="jp-RobLink"
                aria-label={
                  step
                    ? trans.__('Show cell %1 of %2', cell, step)
                    : trans.__('Show cell %1', cell)
                }
                onClick={() => onShow(problem)}
              >
                {trans.__('show')}
              </button>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
  return isAlert ? <div role="alert">{list}</div> : list;
}
