import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { formatValue, formatTime } from '../format';
import type { RobModel } from '../model';
import type { LeaderboardModel } from '../models/leaderboard';
import { useModel } from '../panels/props';
import { Failure } from '../panels/section';
import type { IBenchmarkDetail, ILeaderboard } from '../protocol';

/** The whole leaderboard: each submission's best run with all its results. */
export function LeaderboardTable(props: {
  title: string;
  model: LeaderboardModel;
  /** Which submissions are mine. */
  rob: RobModel;
  benchmark: IBenchmarkDetail;
  trans: TranslationBundle;
}): JSX.Element {
  const { title, model, rob, benchmark, trans } = props;
  useModel(model);
  useModel(rob);
  useModel(rob.submission);
  const isChosen = rob.benchmark?.id === benchmark.id;
  const { groups } = (isChosen && rob.benchmark) || benchmark;
  const mine = model.mine(groups, isChosen ? rob.submission.effectiveName : '');
  const { board, error } = model;
  return (
    <div className="jp-RobLeaderboard-page">
      <h1>{title}</h1>
      {error && (
        <Failure
          message={error.message}
          retry={trans.__('Retry')}
          onRetry={() => void model.refresh()}
        />
      )}
      {board === null ? (
        !error && <p className="jp-RobHint">{trans.__('Loading…')}</p>
      ) : board.ranking.length === 0 ? (
        <p className="jp-RobHint">
          {trans.__('Nobody is here yet. Be the first.')}
        </p>
      ) : (
        <Table board={board} mine={mine} trans={trans} />
      )}
    </div>
  );
}

function Table(props: {
  board: ILeaderboard;
  mine: ReadonlySet<string>;
  trans: TranslationBundle;
}): JSX.Element {
  const { board, mine, trans } = props;
  return (
    <table className="jp-RobTable">
      <thead>
        <tr>
          <th scope="col">{trans.__('#')}</th>
          <th scope="col">{trans.__('Submission')}</th>
          {board.schema.map(({ name, label, dtype }) => (
            <th key={name} scope="col" data-dtype={dtype}>
              {label}
            </th>
          ))}
          <th scope="col">{trans.__('Run of')}</th>
        </tr>
      </thead>
      <tbody>
        {board.ranking.map(row => {
          const results = new Map(
            row.results.map(({ name, value }) => [name, value])
          );
          const isMine = mine.has(row.group.id);
          return (
            <tr key={row.run.id} className={isMine ? 'jp-mod-mine' : undefined}>
              <td>{row.rank ?? '–'}</td>
              <td>
                {row.group.name}
                {isMine && (
                  <span className="jp-RobRanking-you">{trans.__('← you')}</span>
                )}
              </td>
              {board.schema.map(({ name, dtype }) => (
                <td
                  key={name}
                  data-dtype={dtype}
                  title={String(results.get(name) ?? '')}
                >
                  {formatValue(results.get(name))}
                </td>
              ))}
              <td>{formatTime(row.run.createdAt)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
