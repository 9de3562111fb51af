import type { IGroup, ILeaderboard, IRanking, IRun } from '../protocol';
import type { RobService } from '../service';
import { Model } from './model';

/** How many rows are fetched to find mine among them. */
const LIMIT = 500;

/** The leaderboard of one benchmark: its rows, or the first of very many. */
export class LeaderboardModel extends Model {
  /** @param canPage Whether the service can send a part of the rows. */
  constructor(
    protected readonly service: RobService,
    protected readonly canPage: () => boolean
  ) {
    super();
  }

  /** Null while nothing has been fetched. */
  get board(): ILeaderboard | null {
    return this._board;
  }

  /** Why there is no board, or why it may be old. */
  get error(): Error | null {
    return this._error;
  }

  get benchmark(): string | null {
    return this._benchmark;
  }

  set benchmark(id: string | null) {
    if (id === this._benchmark) {
      return;
    }
    this._benchmark = id;
    this._board = null;
    this._error = null;
    this.changed();
  }

  /** How many rows there are at the service. */
  get total(): number {
    const { _board: board } = this;
    return Math.max(board?.total ?? 0, board?.ranking.length ?? 0);
  }

  /** The first rows and those that come later and are mine. */
  top(
    count: number,
    mine: ReadonlySet<string>,
    runs: readonly IRun[] = []
  ): IRanking[] {
    return this._rows(runs).filter(
      (row, index) => index < count || mine.has(row.group.id)
    );
  }

  /**
   * The submissions to mark as mine, by their identifiers.
   * @param groups All my submissions.
   * @param name The one that I work on: if it has a row, it is the only one.
   * @param runs My runs; they tell of rows that were not fetched.
   */
  mine(
    groups: readonly IGroup[],
    name: string,
    runs: readonly IRun[] = []
  ): ReadonlySet<string> {
    const ids = new Set(groups.map(({ id }) => id));
    const rows = this._rows(runs).filter(({ group }) => ids.has(group.id));
    const named = rows.filter(({ group }) => group.name === name);
    return new Set((named.length > 0 ? named : rows).map(row => row.group.id));
  }

  async refresh(): Promise<void> {
    const benchmark = this._benchmark;
    if (benchmark === null) {
      return;
    }
    const request = ++this._request;
    let board = this._board;
    let error: Error | null = null;
    try {
      board = await this.fetch(benchmark);
    } catch (reason) {
      error = reason as Error;
    }
    if (this.isDisposed || request !== this._request) {
      return;
    }
    if (benchmark === this._benchmark) {
      this._board = board;
      this._error = error;
      this.changed();
    }
  }

  protected fetch(benchmark: string): Promise<ILeaderboard> {
    return this.service.leaderboard(
      benchmark,
      this.canPage() ? { limit: LIMIT, offset: 0 } : {}
    );
  }

  /** The rows that were fetched, then those of my runs whose ranks lie beyond. */
  private _rows(runs: readonly IRun[]): IRanking[] {
    const rows = [...(this._board?.ranking ?? [])];
    if (rows.length >= this.total) {
      return rows;
    }
    const known = new Set(rows.map(({ group }) => group.id));
    const beyond = runs.filter(
      ({ rank, groupId, workflowId }) =>
        typeof rank === 'number' &&
        workflowId === this._benchmark &&
        !known.has(groupId)
    );
    beyond.sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
    return [...rows, ...beyond.map(toRow)];
  }

  private _benchmark: string | null = null;
  private _board: ILeaderboard | null = null;
  private _error: Error | null = null;
  private _request = 0;
}

/** The row of a run that stands for its submission. */
function toRow(run: IRun): IRanking {
  return {
    run: { id: run.id, createdAt: run.createdAt },
    group: { id: run.groupId, name: run.groupName ?? run.groupId },
    results: Object.entries(run.result ?? {}).map(([name, value]) => ({
      name,
      value
    })),
    rank: run.rank
  };
}
