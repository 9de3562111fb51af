import React from 'react';
import { ISectionProps, useModel } from './props';
import { Failure } from './section';

/** Which service the panel shows, and whether it answers. */
export function Header(props: ISectionProps): JSX.Element {
  const { model, trans } = props;
  useModel(model);
  const { session, error, isConnecting } = model;
  const state = isConnecting ? 'connecting' : error ? 'error' : 'ready';
  const states = {
    connecting: trans.__('Connecting'),
    error: trans.__('Not available'),
    ready: trans.__('Ready')
  };
  const name =
    session?.kind === 'embedded' ? trans.__('My machine') : session?.name;
  const title = session
    ? trans.__(
        '%1: %2 %3, signed in as %4',
        states[state],
        session.name,
        session.version,
        session.username
      )
    : states[state];
  return (
    <div className="jp-RobHeader">
      <span className="jp-RobHeader-title">{trans.__('ROB')}</span>
      <span className="jp-RobHeader-service" title={title}>
        <span
          className="jp-RobDot"
          data-state={state}
          role="img"
          aria-label={states[state]}
        />
        <span className="jp-RobEllipsis">{name ?? states[state]}</span>
      </span>
    </div>
  );
}

/** What there is to say while the sections have nothing to show. */
export function ConnectionStatus(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  useModel(model);
  if (model.error) {
    return (
      <Failure
        message={model.error.message}
        retry={trans.__('Retry')}
        onRetry={() => void model.refresh()}
      />
    );
  }
  if (!model.session) {
    return (
      <p className="jp-RobHint" role="status">
        {trans.__('Starting the ROB service…')}
      </p>
    );
  }
  return null;
}
