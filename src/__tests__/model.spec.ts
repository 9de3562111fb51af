import type { Event, ServiceManager } from '@jupyterlab/services';
import { StateDB } from '@jupyterlab/statedb';
import { Signal, Stream } from '@lumino/signaling';
import { RobModel } from '../model';
import { RUN_EVENT_SCHEMA } from '../protocol';
import {
  json,
  makeBenchmark,
  makeBoard,
  makeRun,
  makeSession,
  Notebook,
  Server
} from './server';

const SESSION = makeSession();
const BOARD = 'GET api/v1/workflows/b1/leaderboard';
const RUNS = 'GET api/v1/workflows/b1/runs?limit=50';

describe('RobModel', () => {
  let server: Server;
  let events: Stream<ServiceManager['events'], Event.Emission>;
  let state: StateDB;
  let model: RobModel;

  function create(): RobModel {
    const { service } = server;
    return new RobModel({ service, notebook: new Notebook(), state, events });
  }

  beforeEach(() => {
    server = new Server({
      'GET session': SESSION,
      'GET api/v1/workflows': { workflows: [makeBenchmark()] },
      'GET api/v1/workflows/b1': makeBenchmark(),
      'GET api/v1/workflows/b2': makeBenchmark({ id: 'b2' }),
      [BOARD]: makeBoard(['alice']),
      [RUNS]: { runs: [makeRun()] },
      'POST submit': { run: makeRun({ id: 'r2', groupId: 'g2' }) }
    });
    events = new Stream({} as ServiceManager['events']);
    state = new StateDB();
    model = create();
  });

  afterEach(() => {
    model.dispose();
    Signal.clearData(events);
  });

  describe('#connect()', () => {
    it('should find the service and choose the only benchmark', async () => {
      await model.connect();
      expect(model.session).toEqual(SESSION);
      expect(model.benchmark?.id).toBe('b1');
      expect(model.submission.name).toBe('alice');
    });

    it('should share one attempt', async () => {
      await Promise.all([model.connect(), model.connect()]);
      expect(server.count('GET session')).toBe(1);
    });

    it('should tell why it failed, and try again when asked', async () => {
      server.answers['GET session'] = json({ message: 'No room.' }, 503);
      await model.connect();
      expect(model.error?.message).toBe('No room.');
      expect(model.isConnecting).toBe(false);
      server.answers['GET session'] = SESSION;
      await model.connect();
      expect(model.error).toBeNull();
    });

    it('should leave a choice among several to the user', async () => {
      server.answers['GET api/v1/workflows'] = {
        workflows: [makeBenchmark(), makeBenchmark({ id: 'b2' })]
      };
      await model.connect();
      expect(model.benchmark).toBeNull();
      await model.select('b2');
      const next = create();
      await next.connect();
      expect(next.benchmark?.id).toBe('b2');
    });
  });

  describe('#isVisible', () => {
    it('should bring everything up to date when it becomes true', async () => {
      model.isVisible = true;
      await model.connect();
      await model.refresh();
      expect(model.runs.runs).toHaveLength(1);
      expect(model.leaderboard.board?.ranking).toHaveLength(1);
    });
  });

  describe('#submit()', () => {
    it('should list the run, its path and its submission', async () => {
      await model.connect();
      await model.submit();
      expect(model.runs.get('r2')).toBeDefined();
      expect(model.pathOf('r2')).toBe('work/tagger.ipynb');
      expect(model.benchmark?.groups.map(({ id }) => id)).toEqual(['g1', 'g2']);
    });

    it('should add no submission to a benchmark that was chosen meanwhile', async () => {
      await model.connect();
      const submitted = model.submit();
      await model.select('b2');
      await submitted;
      expect(model.benchmark?.id).toBe('b2');
      expect(model.benchmark?.groups.map(({ id }) => id)).toEqual(['g1']);
    });
  });

  describe('#refreshBenchmark()', () => {
    it('should renew the submissions and nothing else', async () => {
      await model.connect();
      model.submission.name = 'team';
      const groups = [{ id: 'g9', name: 'team' }];
      server.answers['GET api/v1/workflows/b1'] = makeBenchmark({ groups });
      await model.refreshBenchmark();
      expect(model.benchmark?.groups).toEqual(groups);
      expect(model.submission.name).toBe('team');
    });
  });

  describe('events', () => {
    const emission = {
      schema_id: RUN_EVENT_SCHEMA,
      run: 'r1',
      benchmark: 'b1',
      submission: 'g1',
      state: 'RUNNING',
      cell: 2,
      cells: 3
    };

    beforeEach(() => model.refresh());

    it('should update the runs', () => {
      events.emit(emission);
      expect(model.runs.get('r1')?.progress?.cell).toBe(2);
    });

    it('should be ignored when they tell of something else', () => {
      events.emit({ ...emission, schema_id: 'https://example.org/v1' });
      expect(model.runs.get('r1')?.state).toBe('PENDING');
    });

    it('should refresh the leaderboard when a run has ended', async () => {
      const before = server.count(BOARD);
      const done = makeRun({ state: 'SUCCESS' });
      server.answers['GET api/v1/runs/r1'] = done;
      server.answers[RUNS] = { runs: [done] };
      const ended = new Promise(resolve => model.runs.ended.connect(resolve));
      events.emit({ ...emission, state: 'SUCCESS' });
      await ended;
      await model.refresh();
      expect(server.count('GET api/v1/workflows/b1')).toBeGreaterThan(1);
      // Once for the end of the run, once for the refresh above.
      expect(server.count(BOARD)).toBe(before + 2);
    });
  });
});
