import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import {
  formatArgument,
  formatElapsed,
  formatTime,
  formatValue,
  secondsBetween,
  shortHash
} from '../format';
import { givenArguments, labelOf } from '../models/parameters';
import { attemptText } from '../progress';
import { hasSeveral, IRun, isActive, ISubmitted } from '../protocol';
import { RunFailure } from './failure';
import { RunLog } from './log';
import type { ISectionProps } from './props';

/** Message, results and files of a run. */
export function RunDetails(props: ISectionProps & { run: IRun }): JSX.Element {
  const { run, model, trans } = props;
  const { account, service } = model;
  const attempt = attemptText(run, trans);
  const message = run.cause?.message || run.messages?.[run.messages.length - 1];
  const { benchmark } = model;
  const given = givenArguments(
    run,
    benchmark?.id === run.workflowId ? benchmark.parameters : []
  );
  const submitted = submittedNotebooks(run, trans);
  const notebooks = account.can('executed-notebook')
    ? (run.notebooks ?? [])
    : [];
  const files = run.files ?? [];
  const columns =
    model.leaderboard.board?.schema ??
    Object.keys(run.result ?? {}).map(name => ({ name, label: name }));
  return (
    <div className="jp-RobDetails">
      {run.state === 'ERROR' && run.cause ? (
        <RunFailure {...props} cause={run.cause} />
      ) : (
        message &&
        !isActive(run) && <p className="jp-RobDetails-message">{message}</p>
      )}
      {attempt && !isActive(run) && <p className="jp-RobHint">{attempt}</p>}
      {run.state === 'SUCCESS' && (run.rank ?? null) === null && (
        <p className="jp-RobHint">
          {trans.__('Not better than your best run')}
        </p>
      )}
      <dl className="jp-RobFacts">
        <dt>{trans.__('Submitted')}</dt>
        <dd>{formatTime(run.createdAt)}</dd>
        <dt>{trans.__('As')}</dt>
        <dd>{run.groupName ?? run.groupId}</dd>
        {given.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{formatArgument(value)}</dd>
          </React.Fragment>
        ))}
        {submitted.map(({ parameter, label, name, sha256 }) => (
          <React.Fragment key={parameter}>
            <dt>{label}</dt>
            <dd>
              {name && `${name} `}
              <code title={trans.__('SHA-256 %1', sha256)}>
                {shortHash(sha256)}
              </code>
            </dd>
          </React.Fragment>
        ))}
        {run.state === 'RUNNING' && run.progress?.expected ? (
          <>
            <dt>{trans.__('Usually takes')}</dt>
            <dd>{formatElapsed(run.progress.expected, trans)}</dd>
          </>
        ) : null}
        {run.startedAt && run.finishedAt && (
          <>
            <dt>{trans.__('Duration')}</dt>
            <dd>
              {formatElapsed(
                secondsBetween(run.startedAt, run.finishedAt),
                trans
              )}
            </dd>
          </>
        )}
        {run.result &&
          columns.map(({ name, label }) => (
            <React.Fragment key={name}>
              <dt>{label}</dt>
              <dd>{formatValue(run.result?.[name])}</dd>
            </React.Fragment>
          ))}
      </dl>
      {account.can('run-log') && run.state !== 'PENDING' && (
        <RunLog {...props} />
      )}
      <div className="jp-RobLinks">
        {notebooks.map(({ step, name }) => (
          <a
            key={step}
            className="jp-RobLink"
            href={service.notebookUrl(run.id, step)}
            download={name}
            title={trans.__('Download the executed notebook of step %1', step)}
          >
            <Down />
            {notebooks.length > 1
              ? trans.__('Executed notebook of %1', step)
              : trans.__('Executed notebook')}
          </a>
        ))}
        {files.map(({ id, name, title, caption }) => (
          <a
            key={id}
            className="jp-RobLink"
            href={service.fileUrl(run.id, id)}
            download={name.split('/').pop()}
            title={
              caption
                ? trans.__('Download %1: %2', name, caption)
                : trans.__('Download %1', name)
            }
          >
            <Down />
            {title || name}
          </a>
        ))}
        {files.length > 1 && (
          <a
            className="jp-RobLink"
            href={service.archiveUrl(run.id)}
            download
            title={trans.__('Download all result files as an archive')}
          >
            <Down />
            {trans.__('Download all')}
          </a>
        )}
      </div>
    </div>
  );
}

/** The notebooks of a run, each with the name of what it filled where there are several. */
function submittedNotebooks(
  run: IRun,
  trans: TranslationBundle
): (ISubmitted & { label: string })[] {
  const { notebook, parameters } = run;
  const submitted = run.submitted ?? [];
  if (!hasSeveral(run)) {
    const label = trans.__('Notebook');
    return notebook ? [{ ...notebook, parameter: '', name: '', label }] : [];
  }
  return submitted.map(({ parameter, name, sha256 }) => {
    const declared = parameters?.find(known => known.name === parameter);
    const label = declared ? labelOf(declared) : parameter;
    return { parameter, name, sha256, label };
  });
}

/** Tells a download from what opens here. */
function Down(): JSX.Element {
  return <span aria-hidden="true">{'↓ '}</span>;
}
