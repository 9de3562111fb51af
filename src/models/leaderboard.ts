import type { IGroup, ILeaderboard, IRanking } from '../protocol';
import type { RobService } from '../service';
import { Model } from './model';

/** The leaderboard of one benchmark. */
export class LeaderboardModel extends Model {
  constructor(private readonly _service: RobService) {
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

  /** The first rows and those that come later and are mine. */
  top(count: number, mine: ReadonlySet<string>): IRanking[] {
    const rows = this._board?.ranking ?? [];
    return rows.filter((row, index) => index < count || mine.has(row.group.id));
  }

  /**
   * The submissions to mark as mine, by their identifiers.
   * @param groups All my submissions.
   * @param name The one that I work on: if it has a row, it is the only one.
   */
  mine(groups: readonly IGroup[], name: string): ReadonlySet<string> {
    const ids = new Set(groups.map(({ id }) => id));
    const rows = (this._board?.ranking ?? []).filter(({ group }) =>
      ids.has(group.id)
    );
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
      board = await this._service.leaderboard(benchmark);
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

  private _benchmark: string | null = null;
  private _board: ILeaderboard | null = null;
  private _error: Error | null = null;
  private _request = 0;
}
