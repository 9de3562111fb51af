import React from 'react';
import { ISectionProps, useModel } from './props';

/** Says what a run is not kept from, for who knows the service already. */
export function ProtectionFact(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  const { protection } = model;
  useModel(protection);
  return protection.warning === null ? null : (
    <div className="jp-RobNotice" role="note">
      <p>
        <strong>{trans.__('Runs have no sandbox.')}</strong>{' '}
        {protection.warning}
      </p>
    </div>
  );
}

/** The same where one submits, until it has been read. */
export function ProtectionNews(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  const { protection } = model;
  useModel(protection);
  return protection.news === null ? null : (
    <div className="jp-RobNotice" role="note">
      <p>
        <strong>{trans.__('Runs have no sandbox.')}</strong> {protection.news}
      </p>
      <button
        type="button"
        className="jp-RobLink"
        title={trans.__('Do not show this again')}
        onClick={() => void protection.dismiss()}
      >
        {trans.__('Understood')}
      </button>
    </div>
  );
}
