import { json, makeBoard, Server } from '../../__tests__/server';
import { mainColumn } from '../../protocol';
import { LeaderboardModel } from '../leaderboard';

const BOARD = 'GET api/v1/workflows/b1/leaderboard';

describe('LeaderboardModel', () => {
  let server: Server;
  let model: LeaderboardModel;
  let canPage: boolean;

  beforeEach(async () => {
    canPage = false;
    server = new Server({ [BOARD]: makeBoard(['a', 'b', 'c', 'd']) });
    model = new LeaderboardModel(server.service, () => canPage);
    model.benchmark = 'b1';
    await model.refresh();
  });

  describe('#top()', () => {
    it('should be the first rows', () => {
      const names = model
        .top(2, new Set(['group-a']))
        .map(row => row.group.name);
      expect(names).toEqual(['a', 'b']);
    });

    it('should add rows that are mine', () => {
      const names = model
        .top(2, new Set(['group-d']))
        .map(row => row.group.name);
      expect(names).toEqual(['a', 'b', 'd']);
    });
  });

  describe('#mine()', () => {
    const groups = ['b', 'd', 'x'].map(name => ({ id: `group-${name}`, name }));

    it('should be the submission that I work on', () => {
      expect([...model.mine(groups, 'd')]).toEqual(['group-d']);
    });

    it('should be all mine when that one has no row', () => {
      const all = ['group-b', 'group-d'];
      expect([...model.mine(groups, 'x')]).toEqual(all);
      expect([...model.mine(groups, '')]).toEqual(all);
    });

    it("should not be another's", () => {
      expect([...model.mine(groups, 'a')]).not.toContain('group-a');
    });
  });

  describe('#refresh()', () => {
    it('should keep the board and tell the error when it fails', async () => {
      server.answers[BOARD] = json({ message: 'Gone.' }, 503);
      await model.refresh();
      expect(model.error?.message).toBe('Gone.');
      expect(model.board?.ranking).toHaveLength(4);
    });

    it('should take the answer to the last question', async () => {
      let answer: (board: object) => void = () => undefined;
      server.answers[BOARD] = () =>
        new Promise(resolve => {
          answer = resolve;
        });
      const slow = model.refresh();
      while (server.count(BOARD) < 2) {
        await Promise.resolve();
      }
      server.answers[BOARD] = makeBoard(['new']);
      await model.refresh();
      answer(makeBoard(['old']));
      await slow;
      expect(model.board?.ranking[0].group.name).toBe('new');
    });
  });

  describe('#benchmark', () => {
    it('should forget the board of another benchmark', () => {
      model.benchmark = 'b2';
      expect(model.board).toBeNull();
    });
  });
});

describe('mainColumn()', () => {
  it('should be the first that the ranking is made by', () => {
    expect(mainColumn(makeBoard([]))?.name).toBe('auc');
  });

  it('should be the first that is declared if there is no order', () => {
    expect(mainColumn({ ...makeBoard([]), orderBy: undefined })?.name).toBe(
      'n'
    );
  });

  it('should be null without a board', () => {
    expect(mainColumn(null)).toBeNull();
  });
});
