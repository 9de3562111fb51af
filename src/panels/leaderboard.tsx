import React from 'react';
import { formatValue } from '../format';
import { IRanking, mainColumn } from '../protocol';
import { CommandIDs } from '../tokens';
import { ISectionProps, useModel } from './props';
import { PostprocessingStatus } from './postprocessing';
import { Failure, Section } from './section';

const TOP = 5;

/** The first rows and mine; the rest opens in the main area. */
export function LeaderboardSection(props: ISectionProps): JSX.Element {
  const { model, commands, trans } = props;
  const { leaderboard, postprocessing, submission } = model;
  useModel(model);
  useModel(model.runs);
  useModel(postprocessing);
  useModel(leaderboard);
  useModel(submission);
  const { board, error } = leaderboard;
  const column = mainColumn(board);
  const runs = model.runs.runs ?? [];
  const mine = leaderboard.mine(
    model.benchmark?.groups ?? [],
    submission.effectiveName,
    runs
  );
  const rows = leaderboard.top(TOP, mine, runs);
  return (
    <Section name="leaderboard" title={trans.__('Leaderboard')}>
      {error && (
        <Failure
          message={error.message}
          retry={trans.__('Retry')}
          onRetry={() => void model.refresh()}
        />
      )}
      {board === null ? (
        !error && (
          <p className="jp-RobHint">
            {leaderboard.benchmark ? trans.__('Loading…') : '–'}
          </p>
        )
      ) : rows.length === 0 ? (
        <p className="jp-RobHint">
          {trans.__('Nobody is here yet. Be the first.')}
        </p>
      ) : (
        <>
          <table className="jp-RobRanking">
            <thead>
              <tr>
                <th scope="col" className="jp-RobRanking-rank">
                  {trans.__('#')}
                </th>
                <th scope="col">{trans.__('Submission')}</th>
                <th
                  scope="col"
                  className="jp-RobRanking-value"
                  title={column?.label}
                >
                  {column?.label}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <RankingRow
                  key={row.run.id}
                  row={row}
                  column={column?.name ?? ''}
                  isMine={mine.has(row.group.id)}
                  mine={trans.__('← you')}
                  isApart={index === TOP}
                />
              ))}
            </tbody>
          </table>
          <div className="jp-RobLinks">
            <button
              type="button"
              className="jp-RobLink"
              onClick={() => void commands.execute(CommandIDs.openLeaderboard)}
            >
              {leaderboard.total > rows.length
                ? trans.__('Show all (%1)', leaderboard.total)
                : trans.__('Show all')}
            </button>
            {(postprocessing.result?.files?.length ?? 0) > 0 && (
              <button
                type="button"
                className="jp-RobLink"
                onClick={() =>
                  void commands.execute(CommandIDs.openLeaderboard, {
                    part: 'plots'
                  })
                }
              >
                {trans.__('Plots and tables')}
              </button>
            )}
          </div>
        </>
      )}
      <PostprocessingStatus
        status={postprocessing.status}
        onShowLog={() =>
          void commands.execute(CommandIDs.openLog, {
            benchmark: postprocessing.benchmark ?? ''
          })
        }
        trans={trans}
      />
    </Section>
  );
}

function RankingRow(props: {
  row: IRanking;
  column: string;
  isMine: boolean;
  mine: string;
  isApart: boolean;
}): JSX.Element {
  const { row, column, isMine, mine, isApart } = props;
  const value = row.results.find(({ name }) => name === column)?.value;
  const classes = [isMine ? 'jp-mod-mine' : '', isApart ? 'jp-mod-apart' : ''];
  return (
    <tr className={classes.join(' ').trim()}>
      <td>{row.rank ?? '–'}</td>
      <td title={row.group.name}>
        <span className="jp-RobRanking-name">
          <span className="jp-RobEllipsis">{row.group.name}</span>
          {isMine && <span className="jp-RobRanking-you">{mine}</span>}
        </span>
      </td>
      <td className="jp-RobRanking-value" title={String(value ?? '')}>
        {formatValue(value)}
      </td>
    </tr>
  );
}
