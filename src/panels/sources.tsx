import { HTMLSelect } from '@jupyterlab/ui-components';
import React, { useId } from 'react';
import { CURRENT, IOpenNotebook, NONE } from '../models/sources';
import { labelOf } from '../models/parameters';
import { tagOf } from '../models/tags';
import type { IParameter } from '../protocol';
import { elementId, ISectionProps } from './props';

/** Which notebook fills which parameter, where there is a choice. */
export function Sources(props: ISectionProps): JSX.Element | null {
  const { model, trans } = props;
  const { notebook, sources, untagged } = model.submission;
  if (!notebook || !sources.hasSeveral) {
    return null;
  }
  const tags = untagged.map(({ name }) => tagOf(name)).join(', ');
  return (
    <div
      role="group"
      aria-label={trans.__('Notebooks of the steps')}
      className="jp-RobSources"
    >
      {sources.parameters.map(parameter => (
        <Source key={parameter.name} parameter={parameter} {...props} />
      ))}
      {tags && (
        <p className="jp-RobHint jp-RobSources-hint">
          {trans.__(
            'No cell is tagged %1. Select cells, right-click them and choose their ROB step.',
            tags
          )}
        </p>
      )}
    </div>
  );
}

/** The notebook of one parameter. */
function Source(props: ISectionProps & { parameter: IParameter }): JSX.Element {
  const { parameter, model, trans } = props;
  const { submission } = model;
  const { sources } = submission;
  const { name, help } = parameter;
  const label = labelOf(parameter);
  const field = elementId(useId());
  const choice = sources.choice(name);
  const cells = choice === CURRENT ? submission.cellsFor(name) : null;
  const { others } = sources;
  // Held, it is this very notebook, whichever is looked at later.
  const held = sources.isHeld ? sources.current : null;
  const named = held ? [held, ...others] : others;
  const current = held ? distinctName(held, named) : trans.__('this notebook');
  return (
    <div className="jp-RobField">
      <label
        className="jp-RobField-label jp-RobEllipsis"
        htmlFor={field}
        title={help ? trans.__('%1: %2', label, help) : label}
      >
        {label}
      </label>
      <HTMLSelect
        id={field}
        className="jp-RobSelect"
        value={choice}
        title={sources.paths[name]}
        onChange={event => sources.choose(name, event.currentTarget.value)}
      >
        {sources.canBeNone(name) && (
          <option value={NONE}>{trans.__('none')}</option>
        )}
        <option value={CURRENT}>
          {cells === null
            ? current
            : trans._n('%2, %1 cell', '%2, %1 cells', cells, current)}
        </option>
        {others.map(other => (
          <option key={other.path} value={other.path}>
            {distinctName(other, named)}
          </option>
        ))}
      </HTMLSelect>
    </div>
  );
}

/** The name of a notebook, or its path when another has the same name. */
function distinctName(
  notebook: IOpenNotebook,
  named: readonly IOpenNotebook[]
): string {
  const { name, path } = notebook;
  return named.some(other => other.name === name && other.path !== path)
    ? path
    : name;
}
