import type { ILeaderboard, IOrder } from '../protocol';
import { LeaderboardModel } from './leaderboard';

/** How many rows come at a time. */
const PAGE = 100;

/** How many the service sends at once; whoever has read further begins there after a refresh. */
const MOST = 1000;

/** A leaderboard that is read page by page and can be sorted by any of its results. */
export class LeaderboardPages extends LeaderboardModel {
  /** Whether there are rows that were not fetched. */
  get hasMore(): boolean {
    return (this.board?.ranking.length ?? 0) < this.total;
  }

  get isLoading(): boolean {
    return this._loading > 0;
  }

  /** What the rows are sorted by; null for the benchmark's own order. */
  get order(): IOrder | null {
    return this._order;
  }

  /** Sort by a result; null for the benchmark's own order. */
  async sort(order: IOrder | null): Promise<void> {
    this._order = order;
    this._wanted = PAGE;
    this.changed();
    await this.refresh();
  }

  /** Fetch the next page. */
  async showMore(): Promise<void> {
    if (this.hasMore && !this.isLoading) {
      this._wanted += PAGE;
      this._appends = true;
      await this.refresh();
    }
  }

  override async refresh(): Promise<void> {
    this._loading++;
    this.changed();
    try {
      await super.refresh();
    } finally {
      this._loading--;
      this.changed();
    }
  }

  protected override async fetch(benchmark: string): Promise<ILeaderboard> {
    const orderBy = this._order ?? undefined;
    if (!this.canPage()) {
      return this.service.leaderboard(benchmark, { orderBy });
    }
    const { board, _appends: appends } = this;
    this._appends = false;
    if (board && appends) {
      const offset = board.ranking.length;
      const page = await this.service.leaderboard(benchmark, {
        limit: PAGE,
        offset,
        orderBy
      });
      if (page.total === board.total) {
        const known = new Set(board.ranking.map(({ group }) => group.id));
        const rows = page.ranking.filter(({ group }) => !known.has(group.id));
        return { ...page, ranking: [...board.ranking, ...rows] };
      }
      // The rows have moved, so that the next page may not fit the ones before.
    }
    this._wanted = Math.min(this._wanted, MOST);
    return this.service.leaderboard(benchmark, {
      limit: this._wanted,
      offset: 0,
      orderBy
    });
  }

  private _appends = false;
  private _loading = 0;
  private _order: IOrder | null = null;
  private _wanted = PAGE;
}
