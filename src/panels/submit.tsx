import { notebookIcon } from '@jupyterlab/ui-components';
import React, { useId } from 'react';
import { scriptName, shortHash } from '../format';
import { blockerText } from '../status';
import { CommandIDs } from '../tokens';
import { Parameters } from './parameters';
import { Problems } from './problems';
import { elementId, ISectionProps, useModel } from './props';
import { ProtectionNews } from './protection';
import { Section } from './section';
import { Sources } from './sources';

/** What would be submitted, under which name, and the button that does it. */
export function SubmitSection(props: ISectionProps): JSX.Element {
  const { model, commands, trans } = props;
  const { submission } = model;
  useModel(model);
  useModel(submission);
  const { benchmark } = model;
  const { blocker, invalid, isSubmitting, notebook, problems, refusal } =
    submission;
  const { sources } = submission;
  const reason = elementId(useId());
  const field = elementId(useId());
  return (
    <Section name="submit" title={trans.__('Submit')}>
      <div
        className={`jp-RobFields${sources.hasSeveral ? ' jp-mod-several' : ''}`}
      >
        <div className="jp-RobField">
          <span className="jp-RobField-label">{trans.__('Notebook')}</span>
          <NotebookName {...props} />
        </div>
        <Sources {...props} />
        <div className="jp-RobField">
          <label className="jp-RobField-label" htmlFor={field}>
            {trans.__('As')}
          </label>
          <input
            id={field}
            className="jp-mod-styled jp-RobInput"
            list={`${field}-groups`}
            value={submission.name}
            title={trans.__(
              'The submission on the leaderboard; a new name makes a new one'
            )}
            placeholder={model.account.username}
            spellCheck={false}
            onChange={event => {
              submission.name = event.currentTarget.value;
            }}
          />
          <datalist id={`${field}-groups`}>
            {benchmark?.groups.map(({ id, name }) => (
              <option key={id} value={name} />
            ))}
          </datalist>
        </div>
      </div>
      {benchmark && (
        <Parameters
          key={benchmark.id}
          benchmark={benchmark}
          submission={submission}
          trans={trans}
        />
      )}
      <Problems
        problems={notebook ? problems : []}
        isAlert={refusal.length > 0}
        trans={trans}
        nameStep={parameter => sources.label(parameter)}
        onShow={({ cell, notebook }) =>
          void commands.execute(CommandIDs.showCell, {
            path: sources.pathOf(notebook) ?? '',
            cell: cell ?? 0
          })
        }
      />
      <ProtectionNews {...props} />
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept jp-RobSubmit"
        disabled={blocker !== null}
        aria-busy={isSubmitting}
        aria-describedby={blocker ? reason : undefined}
        onClick={() => void commands.execute(CommandIDs.submitNotebook)}
      >
        {isSubmitting ? trans.__('Submitting…') : trans.__('Submit notebook')}
      </button>
      {blocker && blocker !== 'busy' && (
        <p id={reason} className="jp-RobHint">
          {blockerText(blocker, invalid, trans)}
        </p>
      )}
    </Section>
  );
}

function NotebookName(props: ISectionProps): JSX.Element {
  const { model, commands, trans } = props;
  const { benchmark, notebook, checked, sources } = model.submission;
  if (!notebook) {
    return <span className="jp-RobHint">{trans.__('none open')}</span>;
  }
  const isSent = sources.uses(notebook.path);
  const isMain = sources.main === notebook.path;
  return (
    <>
      <span className="jp-RobNotebook" title={notebook.path}>
        <notebookIcon.react tag="span" className="jp-RobNotebook-icon" />
        <span className="jp-RobEllipsis">{notebook.name}</span>
      </span>
      <span className="jp-RobNotebook-state">
        {notebook.isDirty && isSent && (
          <span
            className="jp-RobBadge"
            title={trans.__('Its unsaved edits are submitted too')}
          >
            {trans.__('unsaved')}
          </span>
        )}
        {checked?.sha256 && isMain && (
          <code
            className="jp-RobHash"
            title={
              sources.hasSeveral
                ? trans.__(
                    'Identifies the whole notebook: SHA-256 %1',
                    checked.sha256
                  )
                : trans.__(
                    'Identifies what will be sent: SHA-256 %1',
                    checked.sha256
                  )
            }
          >
            {shortHash(checked.sha256)}
          </code>
        )}
        {benchmark && (
          <button
            type="button"
            className="jp-RobLink"
            title={trans.__('Show what will be sent')}
            onClick={() => void commands.execute(CommandIDs.preview)}
          >
            {trans.__('Preview')}
          </button>
        )}
      </span>
      {checked?.format === 'script' && isSent && (
        <span className="jp-RobNotebook-form">
          {trans.__('as script %1', scriptName(notebook.name))}
        </span>
      )}
    </>
  );
}
