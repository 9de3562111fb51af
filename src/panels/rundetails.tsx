import React from 'react';
import { formatValue, formatTime } from '../format';
import type { IRun } from '../protocol';
import { isActive } from '../protocol';
import { CommandIDs } from '../tokens';
import type { ISectionProps } from './props';

/** Message, results and files of a run. */
export function RunDetails(props: ISectionProps & { run: IRun }): JSX.Element {
  const { run, model, commands, trans } = props;
  const { service } = model;
  const message = run.cause?.message || run.messages?.[run.messages.length - 1];
  const columns =
    model.leaderboard.board?.schema ??
    Object.keys(run.result ?? {}).map(name => ({ name, label: name }));
  return (
    <div className="jp-RobDetails">
      {message && !isActive(run) && (
        <p className="jp-RobDetails-message">{message}</p>
      )}
      <dl className="jp-RobFacts">
        <dt>{trans.__('Submitted')}</dt>
        <dd>{formatTime(run.createdAt)}</dd>
        <dt>{trans.__('As')}</dt>
        <dd>{run.groupName ?? run.groupId}</dd>
        {run.result &&
          columns.map(({ name, label }) => (
            <React.Fragment key={name}>
              <dt>{label}</dt>
              <dd>{formatValue(run.result?.[name])}</dd>
            </React.Fragment>
          ))}
      </dl>
      <div className="jp-RobLinks">
        <button
          type="button"
          className="jp-RobLink"
          onClick={() =>
            void commands.execute(CommandIDs.openLog, { run: run.id })
          }
        >
          {trans.__('Log')}
        </button>
        {run.notebooks.map(({ step, name }) => (
          <a
            key={step}
            className="jp-RobLink"
            href={service.notebookUrl(run.id, step)}
            download={name}
            title={trans.__('Download the executed notebook of step %1', step)}
          >
            {trans.__('Executed notebook')}
          </a>
        ))}
        {run.files?.map(({ id, name, title, caption }) => (
          <a
            key={id}
            className="jp-RobLink"
            href={service.fileUrl(run.id, id)}
            download={name.split('/').pop()}
            title={caption ?? name}
          >
            {title || name}
          </a>
        ))}
      </div>
    </div>
  );
}
