import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import { formatValue, formatTime } from '../format';
import type { RobModel } from '../model';
import type { LeaderboardPages } from '../models/leaderboardpages';
import type { PostprocessingModel } from '../models/postprocessing';
import { useModel } from '../panels/props';
import { Failure } from '../panels/section';
import type {
  IBenchmarkDetail,
  IColumn,
  ILeaderboard,
  IOrder,
  IRanking
} from '../protocol';
import { Plots } from './plots';

/** The whole leaderboard: each submission's best run with all its results, and what was made of them. */
export function LeaderboardPage(props: {
  title: string;
  model: LeaderboardPages;
  postprocessing: PostprocessingModel;
  /** Which submissions are mine. */
  rob: RobModel;
  benchmark: IBenchmarkDetail;
  trans: TranslationBundle;
}): JSX.Element {
  const { title, model, postprocessing, rob, benchmark, trans } = props;
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
        <>
          <Table
            title={title}
            board={board}
            model={model}
            mine={mine}
            trans={trans}
          />
          {model.hasMore && (
            <p className="jp-RobMore">
              <button
                type="button"
                className="jp-mod-styled jp-RobButton"
                disabled={model.isLoading}
                onClick={() => void model.showMore()}
              >
                {trans.__('Show more')}
              </button>
              <span role="status">
                {trans.__(
                  'The first %1 of %2',
                  board.ranking.length,
                  model.total
                )}
              </span>
            </p>
          )}
        </>
      )}
      <Plots model={postprocessing} service={rob.service} trans={trans} />
    </div>
  );
}

function Table(props: {
  title: string;
  board: ILeaderboard;
  model: LeaderboardPages;
  mine: ReadonlySet<string>;
  trans: TranslationBundle;
}): JSX.Element {
  const { title, board, model, mine, trans } = props;
  const versions = new Set(board.ranking.map(({ version }) => version));
  const hasVersions = versions.size > 1;
  const order = model.order ?? board.orderBy?.[0] ?? null;
  return (
    <table
      className="jp-RobTable"
      aria-label={title}
      aria-busy={model.isLoading}
    >
      <thead>
        <tr>
          <th scope="col">
            <button
              type="button"
              title={trans.__("Sort by the benchmark's own order")}
              aria-label={trans.__('Rank')}
              disabled={model.order === null}
              onClick={() => void model.sort(null)}
            >
              {trans.__('#')}
            </button>
          </th>
          <th scope="col">{trans.__('Submission')}</th>
          {board.schema.map(column => (
            <Heading
              key={column.name}
              column={column}
              order={order?.name === column.name ? order : null}
              onSort={() => void model.sort(nextOrder(column, order))}
              trans={trans}
            />
          ))}
          {hasVersions && <th scope="col">{trans.__('Version')}</th>}
          <th scope="col">{trans.__('Run of')}</th>
        </tr>
      </thead>
      <tbody>
        {board.ranking.map(row => (
          <Row
            key={row.run.id}
            row={row}
            board={board}
            hasVersions={hasVersions}
            isMine={mine.has(row.group.id)}
            trans={trans}
          />
        ))}
      </tbody>
    </table>
  );
}

/** The name of a result; a click sorts by it, another one the other way round. */
function Heading(props: {
  column: IColumn;
  /** Set when the rows are sorted by this column. */
  order: IOrder | null;
  onSort: () => void;
  trans: TranslationBundle;
}): JSX.Element {
  const { column, order, onSort, trans } = props;
  return (
    <th
      scope="col"
      data-dtype={column.dtype}
      aria-sort={order ? (order.sortDesc ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        title={trans.__('Sort by %1', column.label)}
        onClick={onSort}
      >
        {column.label}
        <span className="jp-RobSort" aria-hidden="true">
          {order ? (order.sortDesc ? '▼' : '▲') : ''}
        </span>
      </button>
    </th>
  );
}

function Row(props: {
  row: IRanking;
  board: ILeaderboard;
  hasVersions: boolean;
  isMine: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { row, board, hasVersions, isMine, trans } = props;
  const results = new Map(row.results.map(({ name, value }) => [name, value]));
  return (
    <tr className={isMine ? 'jp-mod-mine' : undefined}>
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
      {hasVersions && <td>{versionText(row, board, trans)}</td>}
      <td>{formatTime(row.run.createdAt)}</td>
    </tr>
  );
}

/** The order that a click on a column asks for: numbers begin with the largest. */
function nextOrder(column: IColumn, order: IOrder | null): IOrder {
  const isNumber = column.dtype === 'int' || column.dtype === 'float';
  return {
    name: column.name,
    sortDesc: order?.name === column.name ? !order.sortDesc : isNumber
  };
}

function versionText(
  row: IRanking,
  board: ILeaderboard,
  trans: TranslationBundle
): string {
  if (row.version === undefined) {
    return '–';
  }
  return board.version === undefined || row.version === board.version
    ? trans.__('version %1', row.version)
    : trans.__('version %1 (now %2)', row.version, board.version);
}
