import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';
import { CommandIDs } from '../tokens';
import { ISectionProps, useModel } from './props';
import { Section } from './section';

/** Choose a benchmark and read what it is about. */
export function BenchmarkSection(props: ISectionProps): JSX.Element {
  const { model, commands, trans } = props;
  useModel(model);
  const { benchmark, benchmarks } = model;
  return (
    <Section name="benchmark" title={trans.__('Benchmark')}>
      {benchmarks?.length === 0 ? (
        <p className="jp-RobHint">
          {trans.__('This service has no benchmarks yet.')}
        </p>
      ) : (
        <HTMLSelect
          className="jp-RobSelect"
          aria-label={trans.__('Benchmark')}
          title={benchmark?.name}
          value={benchmark?.id ?? ''}
          onChange={event => void model.select(event.currentTarget.value)}
        >
          {!benchmark && (
            <option value="" disabled>
              {trans.__('Choose a benchmark')}
            </option>
          )}
          {benchmarks?.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </HTMLSelect>
      )}
      {benchmark && (benchmark.version ?? 1) > 1 && (
        <p className="jp-RobHint">
          {trans.__('version %1', benchmark.version)}
        </p>
      )}
      {benchmark?.description && (
        <p className="jp-RobDescription">{benchmark.description}</p>
      )}
      {benchmark && (
        <div className="jp-RobLinks">
          {commands.hasCommand(CommandIDs.showInstructions) && (
            <button
              type="button"
              className="jp-RobLink"
              onClick={() => void commands.execute(CommandIDs.showInstructions)}
            >
              {trans.__('Instructions')}
            </button>
          )}
          <button
            type="button"
            className="jp-RobLink"
            onClick={() => void commands.execute(CommandIDs.openLeaderboard)}
          >
            {trans.__('Leaderboard')}
          </button>
          {model.account.can('benchmark-data') &&
            benchmark.hasData !== false && (
              <a
                className="jp-RobLink"
                href={model.service.dataUrl(benchmark.id)}
                download
                title={trans.__(
                  'Download the files that notebooks are given; in a terminal: jupyter rob benchmarks data %1',
                  benchmark.id
                )}
              >
                {trans.__('Data')}
              </a>
            )}
        </div>
      )}
    </Section>
  );
}
