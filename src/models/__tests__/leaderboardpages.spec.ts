import { makeBoard, makeRun, Server } from '../../__tests__/server';
import { LeaderboardModel } from '../leaderboard';
import { LeaderboardPages } from '../leaderboardpages';

const ROUTE = 'GET api/v1/workflows/b1/leaderboard';

/** Rows of a long leaderboard; the names are the ranks. */
function page(first: number, last: number, total: number): object {
  const names = [];
  for (let rank = first; rank <= last; rank++) {
    names.push(String(rank));
  }
  return { ...makeBoard(names), total };
}

describe('LeaderboardPages', () => {
  let server: Server;
  let model: LeaderboardPages;

  function names(): string[] {
    return (model.board?.ranking ?? []).map(({ group }) => group.name);
  }

  beforeEach(async () => {
    server = new Server({
      [`${ROUTE}?limit=100&offset=0`]: page(1, 100, 250),
      [`${ROUTE}?limit=100&offset=100`]: page(101, 200, 250),
      [`${ROUTE}?limit=100&offset=200`]: page(201, 250, 250)
    });
    model = new LeaderboardPages(server.service, () => true);
    model.benchmark = 'b1';
    await model.refresh();
  });

  afterEach(() => model.dispose());

  it('should begin with the first hundred', () => {
    expect(names()).toHaveLength(100);
    expect(model.total).toBe(250);
    expect(model.hasMore).toBe(true);
  });

  it('should add page after page', async () => {
    await model.showMore();
    await model.showMore();
    expect(names()).toHaveLength(250);
    expect(names()[249]).toBe('250');
    expect(model.hasMore).toBe(false);
    expect(server.asked).toHaveLength(3);
    await model.showMore();
    expect(server.asked).toHaveLength(3);
  });

  it('should fetch all anew when rows have come in between', async () => {
    server.answers[`${ROUTE}?limit=100&offset=100`] = page(100, 199, 251);
    server.answers[`${ROUTE}?limit=200&offset=0`] = page(1, 200, 251);
    await model.showMore();
    expect(names()).toHaveLength(200);
    expect(new Set(names()).size).toBe(200);
  });

  it('should bring all that is shown up to date', async () => {
    await model.showMore();
    server.answers[`${ROUTE}?limit=200&offset=0`] = page(1, 200, 300);
    await model.refresh();
    expect(names()).toHaveLength(200);
    expect(model.total).toBe(300);
  });

  it('should not ask for more than is sent at once', async () => {
    for (let offset = 0; offset < 1200; offset += 100) {
      server.answers[`${ROUTE}?limit=100&offset=${offset}`] = page(
        offset + 1,
        offset + 100,
        1200
      );
    }
    await model.refresh();
    while (model.hasMore) {
      await model.showMore();
    }
    expect(names()).toHaveLength(1200);
    const rows = page(1, 1000, 1200);
    server.answers[`${ROUTE}?limit=1000&offset=0`] = rows;
    await model.refresh();
    expect(names()).toHaveLength(1000);
    await model.showMore();
    expect(names()).toHaveLength(1100);
  });

  it('should have the service sort', async () => {
    const order = '&orderBy=auc%3Aasc';
    server.answers[`${ROUTE}?limit=100&offset=0${order}`] = page(5, 6, 2);
    await model.sort({ name: 'auc', sortDesc: false });
    expect(names()).toEqual(['5', '6']);
    await model.sort(null);
    expect(names()).toHaveLength(100);
  });

  it('should ask for all where there are no pages', async () => {
    server.answers[ROUTE] = makeBoard(['a', 'b']);
    const classic = new LeaderboardPages(server.service, () => false);
    classic.benchmark = 'b1';
    await classic.refresh();
    expect(classic.board?.ranking).toHaveLength(2);
    expect(classic.hasMore).toBe(false);
    classic.dispose();
  });
});

describe('LeaderboardModel of very many rows', () => {
  const runs = [
    makeRun({ id: 'best', state: 'SUCCESS', rank: 777, result: { auc: 0.5 } }),
    makeRun({ id: 'other', state: 'SUCCESS' })
  ];
  const mine = [{ id: 'g1', name: 'alice' }];

  it('should know my rank from my runs', async () => {
    const server = new Server({
      [`${ROUTE}?limit=500&offset=0`]: page(1, 500, 50000)
    });
    const model = new LeaderboardModel(server.service, () => true);
    model.benchmark = 'b1';
    await model.refresh();
    expect(server.asked).toHaveLength(1);
    const ids = model.mine(mine, 'alice', runs);
    expect([...ids]).toEqual(['g1']);
    const rows = model.top(2, ids, runs);
    expect(rows.map(({ rank }) => rank)).toEqual([1, 2, 777]);
    expect(rows[2].group.name).toBe('alice');
    expect(rows[2].results).toEqual([{ name: 'auc', value: 0.5 }]);
    model.dispose();
  });

  it('should believe the rows when all were fetched', async () => {
    const server = new Server({
      [`${ROUTE}?limit=500&offset=0`]: page(1, 3, 3)
    });
    const model = new LeaderboardModel(server.service, () => true);
    model.benchmark = 'b1';
    await model.refresh();
    expect(model.top(5, model.mine(mine, '', runs), runs)).toHaveLength(3);
    model.dispose();
  });
});
