import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { IPostprocessingStatus } from '../protocol';

/** Tells a coordinator that the plots and tables are being made, or why they are old. */
export function PostprocessingStatus(props: {
  status: IPostprocessingStatus | null;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { status, trans } = props;
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
        </div>
      );
    default:
      return null;
  }
}
