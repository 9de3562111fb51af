import { json, makeRun, Server } from '../../__tests__/server';
import type { IRun, IRunEvent } from '../../protocol';
import { RunsModel } from '../runs';

const LIST = 'GET api/v1/workflows/b1/runs?limit=50';
const RUN = 'GET api/v1/runs/r1';
const EVENT: IRunEvent = {
  run: 'r1',
  benchmark: 'b1',
  submission: 'g1',
  state: 'RUNNING',
  step: 'predict',
  cell: 4,
  cells: 12,
  elapsed: 3
};
const ACTIVE = makeRun({
  state: 'RUNNING',
  progress: { step: 'predict', cell: 2, cells: 12, elapsed: 1 }
});
const DONE = makeRun({ state: 'SUCCESS', result: { auc: 0.9 }, rank: 1 });

describe('RunsModel', () => {
  let server: Server;
  let model: RunsModel;
  let ended: IRun[];

  beforeEach(async () => {
    server = new Server({ [LIST]: { runs: [ACTIVE] }, [RUN]: DONE });
    model = new RunsModel(server.service);
    ended = [];
    model.ended.connect((_, run) => ended.push(run));
    model.benchmark = 'b1';
    await model.refresh();
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  describe('#refresh()', () => {
    it('should fetch the runs', () => {
      expect(model.runs).toEqual([ACTIVE]);
      expect(model.hasActive).toBe(true);
    });

    it('should keep the runs and tell the error when it fails', async () => {
      server.answers[LIST] = json({ message: 'The service is gone.' }, 503);
      await model.refresh();
      expect(model.error?.message).toBe('The service is gone.');
      expect(model.runs).toEqual([ACTIVE]);
    });

    it('should not touch a model that was disposed meanwhile', async () => {
      const before = model.runs;
      server.answers[LIST] = { runs: [] };
      const refreshed = model.refresh();
      model.dispose();
      await refreshed;
      expect(model.runs).toBe(before);
    });

    it('should drop the answer for a benchmark that was left', async () => {
      const refreshed = model.refresh();
      model.benchmark = 'b2';
      await refreshed;
      expect(model.runs).toBeNull();
    });

    it('should not go back to what was before an event', async () => {
      await model.receive(EVENT);
      await model.refresh();
      expect(model.get('r1')?.progress?.cell).toBe(4);
    });
  });

  describe('#receive()', () => {
    it('should show progress without asking', async () => {
      const before = server.asked.length;
      await model.receive(EVENT);
      expect(model.get('r1')?.progress).toMatchObject({
        step: 'predict',
        cell: 4,
        cells: 12,
        elapsed: 3
      });
      expect(server.asked.length).toBe(before);
    });

    it('should begin again with another attempt, and not go back to the first', async () => {
      const again = { ...EVENT, attempt: 2, elapsed: null, cell: null };
      await model.receive({ ...again, state: 'PENDING', position: 3 });
      expect(model.get('r1')).toMatchObject({
        state: 'PENDING',
        attempt: 2,
        progress: { position: 3, cell: null }
      });
      await model.receive({ ...EVENT, attempt: 1, elapsed: 9 });
      await model.refresh();
      expect(model.get('r1')?.state).toBe('PENDING');
      await model.receive({ ...again, elapsed: 0 });
      expect(model.get('r1')).toMatchObject({
        state: 'RUNNING',
        progress: { cell: null, elapsed: 0 }
      });
    });

    it('should ask for a run that has ended, and tell it once', async () => {
      await model.receive({ ...EVENT, state: 'SUCCESS' });
      await model.receive({ ...EVENT, state: 'SUCCESS' });
      expect(model.get('r1')).toEqual(DONE);
      expect(ended).toEqual([DONE]);
    });

    it('should ignore progress of a run that has ended', async () => {
      await model.receive({ ...EVENT, state: 'SUCCESS' });
      await model.receive(EVENT);
      expect(model.get('r1')?.state).toBe('SUCCESS');
    });

    it('should put a run that it does not know first', async () => {
      const other = makeRun({ id: 'r2' });
      server.answers['GET api/v1/runs/r2'] = other;
      await model.receive({ ...EVENT, run: 'r2', state: 'PENDING' });
      expect(model.runs?.map(({ id }) => id)).toEqual(['r2', 'r1']);
    });

    it('should tell the end of a run of another benchmark', async () => {
      const other = makeRun({ id: 'r3', workflowId: 'b2', state: 'ERROR' });
      server.answers['GET api/v1/runs/r3'] = other;
      await model.receive({
        ...EVENT,
        run: 'r3',
        benchmark: 'b2',
        state: 'ERROR'
      });
      expect(ended).toEqual([other]);
      expect(model.runs).toEqual([ACTIVE]);
    });
  });

  describe('#cancel()', () => {
    it('should show what the service answers', async () => {
      const canceled = makeRun({ state: 'CANCELED' });
      server.answers['PUT api/v1/runs/r1'] = canceled;
      await model.cancel('r1');
      expect(model.runs).toEqual([canceled]);
      expect(ended).toEqual([canceled]);
    });
  });

  describe('#isCanceling()', () => {
    it('should be true until the run has ended', async () => {
      server.answers['PUT api/v1/runs/r1'] = ACTIVE;
      expect(model.isCanceling('r1')).toBe(false);
      const asked = model.cancel('r1');
      expect(model.isCanceling('r1')).toBe(true);
      await asked;
      expect(model.isCanceling('r1')).toBe(true);
      await model.receive({ ...EVENT, state: 'CANCELED' });
      expect(model.isCanceling('r1')).toBe(false);
    });

    it('should be false again when the service refuses', async () => {
      server.answers['PUT api/v1/runs/r1'] = json({ message: 'Over.' }, 409);
      await expect(model.cancel('r1')).rejects.toThrow('Over.');
      expect(model.isCanceling('r1')).toBe(false);
    });
  });

  describe('polling', () => {
    async function pass(milliseconds: number): Promise<void> {
      await jest.advanceTimersByTimeAsync(milliseconds);
    }

    beforeEach(async () => {
      jest.useFakeTimers();
      await model.refresh();
      server.asked.length = 0;
    });

    it('should ask after 10 s without an event', async () => {
      await pass(9900);
      expect(server.count(LIST)).toBe(0);
      await pass(200);
      expect(server.count(LIST)).toBe(1);
      // Nobody has clicked for it.
      expect(server.asked[0].isUnasked).toBe(true);
    });

    it('should not ask while events flow', async () => {
      for (let elapsed = 5; elapsed <= 40; elapsed += 5) {
        await pass(5000);
        await model.receive({ ...EVENT, elapsed });
      }
      expect(server.asked).toEqual([]);
    });

    it('should not ask when no run is active', async () => {
      server.answers[LIST] = { runs: [DONE] };
      await model.refresh();
      server.asked.length = 0;
      await pass(120000);
      expect(server.asked).toEqual([]);
    });
  });
});
