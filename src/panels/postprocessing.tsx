import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IPostprocessingStatus } from '../protocol';

/** Tells a coordinator that the plots and tables are being made, or why they are old. */
export function PostprocessingStatus(props: {
  status: IPostprocessingStatus | null;
  onShowLog?: () => void;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { status, onShowLog, trans } = props;
  switch (status?.state) {
    case 'PENDING':
    case 'RUNNING':
      return (
        <p className="jp-RobHint" role="status">
          {trans.__('Plots and tables are being made…')}
        </p>
      );
    case 'ERROR':
      return (
        <div className="jp-RobFailure" role="status">
          <p>
            {status.message
              ? trans.__(
                  'The plots and tables could not be made: %1',
                  status.message
                )
              : trans.__('The plots and tables could not be made.')}
          </p>
          {onShowLog && (
            <button type="button" className="jp-RobLink" onClick={onShowLog}>
              {trans.__('Show log')}
            </button>
          )}
        </div>
      );
    default:
      return null;
  }
}
