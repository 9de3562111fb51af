import type { Event, ServiceManager } from '@jupyterlab/services';
import { Stream } from '@lumino/signaling';
import { RobModel } from '../model';
import {
  json,
  makeBenchmark,
  makeBoard,
  makeRun,
  makeShared,
  makeTwoSteps,
  Notebook,
  Server
} from './server';

const RUNS = 'GET api/v1/workflows/b1/runs?limit=50';
const REFUSED = () =>
  json({ message: 'Please log in again.', loginRequired: true }, 403);

describe('RobModel at a service with a log-in', () => {
  let server: Server;
  let notebook: Notebook;
  let model: RobModel;

  beforeEach(async () => {
    server = new Server({
      'GET session': makeShared(),
      'POST session': makeShared(),
      'DELETE session': makeShared({ state: 'login', username: null }),
      'GET api/v1/workflows': {
        workflows: [makeBenchmark(), makeBenchmark({ id: 'b2' })]
      },
      'GET api/v1/workflows/b1': makeBenchmark(),
      'GET api/v1/workflows/b1/leaderboard': makeBoard(['alice']),
      [RUNS]: { runs: [makeRun()] },
      'POST submit': { run: makeRun({ id: 'r2' }) }
    });
    notebook = new Notebook();
    model = new RobModel({
      service: server.service,
      notebook,
      state: null,
      events: new Stream<ServiceManager['events'], Event.Emission>(
        {} as ServiceManager['events']
      )
    });
    await model.connect();
    await model.select('b1');
    model.submission.name = 'team';
    model.submission.arguments = { seed: 3 };
  });

  afterEach(() => model.dispose());

  function count(): number {
    return server.count('POST submit');
  }

  /** Log in and wait until the model has gone on. */
  async function logIn(username = 'alice'): Promise<void> {
    server.answers['POST session'] = makeShared({ username });
    server.answers['GET session'] = makeShared({ username });
    const before = server.count(RUNS);
    await model.account.logIn({ username, password: 's3cret' });
    while (model.isConnecting || server.count(RUNS) === before) {
      if (username !== 'alice') {
        await model.connect();
        break;
      }
      await new Promise(resolve => setTimeout(resolve));
    }
  }

  it('should ask for a log-in before it asks for benchmarks', async () => {
    await model.logOut();
    server.answers['GET session'] = makeShared({
      state: 'login',
      username: null
    });
    const before = server.asked.length;
    await model.refresh();
    expect(server.asked.slice(before).map(({ route }) => route)).toEqual([
      'GET session'
    ]);
    expect(model.account.needsLogin).toBe(true);
    expect(model.error).toBeNull();
  });

  it('should ask for a log-in whatever was refused', async () => {
    server.answers['GET api/v1/workflows/b1/leaderboard'] = REFUSED;
    await model.leaderboard.refresh();
    expect(model.account.needsLogin).toBe(true);
    expect(model.account.username).toBe('alice');
    expect(model.benchmark?.id).toBe('b1');
  });

  it('should go on where it was', async () => {
    server.answers[RUNS] = REFUSED;
    await model.refresh();
    expect(model.account.needsLogin).toBe(true);
    server.answers[RUNS] = { runs: [makeRun(), makeRun({ id: 'r0' })] };
    await logIn();
    expect(model.account.needsLogin).toBe(false);
    expect(model.benchmark?.id).toBe('b1');
    expect(model.submission.name).toBe('team');
    expect(model.submission.arguments).toEqual({ seed: 3 });
    expect(model.error).toBeNull();
    expect(count()).toBe(0);
  });

  it('should submit after the log-in what was to be submitted', async () => {
    server.answers['POST submit'] = REFUSED;
    await expect(model.submit()).rejects.toMatchObject({ loginRequired: true });
    expect(model.pending?.name).toBe('tagger.ipynb');
    expect(model.submission.refusal).toEqual([]);
    server.answers['POST submit'] = { run: makeRun({ id: 'r2' }) };
    await logIn();
    expect(count()).toBe(2);
    expect(server.asked.filter(a => a.route === 'POST submit')[1].body).toEqual(
      expect.objectContaining({ submission: 'team', arguments: { seed: 3 } })
    );
    expect(model.pending).toBeNull();
    expect(model.pathOf('r2')).toBe('work/tagger.ipynb');
  });

  it('should remember a submission that is asked for in the form', async () => {
    server.answers[RUNS] = REFUSED;
    await model.refresh();
    await expect(model.submit()).rejects.toMatchObject({ loginRequired: true });
    expect(count()).toBe(0);
    server.answers[RUNS] = { runs: [] };
    await logIn();
    expect(count()).toBe(1);
  });

  it('should not submit another notebook instead', async () => {
    server.answers['POST submit'] = REFUSED;
    await model.submit().catch(() => undefined);
    notebook.current = { path: 'b.ipynb', name: 'b.ipynb', isDirty: false };
    notebook.changed.emit();
    await logIn();
    expect(count()).toBe(1);
    expect(model.pending).toBeNull();
  });

  it('should not submit with another notebook for a step', async () => {
    const other = 'work/features.ipynb';
    server.answers['GET api/v1/workflows/b1'] = makeTwoSteps();
    await model.select('b1');
    notebook.openOther(other);
    model.submission.sources.choose('preproc', other);
    server.answers['POST submit'] = REFUSED;
    await model.submit().catch(() => undefined);
    expect(model.pending?.name).toBe('features.ipynb, tagger.ipynb');
    notebook.close(other);
    await logIn();
    expect(count()).toBe(1);
  });

  it('should submit nothing when that is no longer wanted', async () => {
    server.answers['POST submit'] = REFUSED;
    await model.submit().catch(() => undefined);
    model.dropPending();
    await logIn();
    expect(count()).toBe(1);
  });

  it('should not submit for someone else', async () => {
    server.answers['POST submit'] = REFUSED;
    await model.submit().catch(() => undefined);
    await logIn('bob');
    expect(count()).toBe(1);
    expect(model.pending).toBeNull();
    await model.select('b1');
    expect(model.submission.name).toBe('bob');
  });

  it('should forget all that was the user when logging out', async () => {
    await model.logOut();
    expect(model.account.needsLogin).toBe(true);
    expect(model.benchmark).toBeNull();
    expect(model.benchmarks).toBeNull();
    expect(model.runs.runs).toBeNull();
    expect(model.leaderboard.board).toBeNull();
  });

  it('should not believe what an earlier token was refused', async () => {
    let answer: (response: Response) => void = () => undefined;
    server.answers['GET api/v1/runs/r9'] = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    const late = model.service.run('r9').catch(() => undefined);
    while (server.count('GET api/v1/runs/r9') === 0) {
      await Promise.resolve();
    }
    server.answers[RUNS] = REFUSED;
    await model.refresh();
    server.answers[RUNS] = { runs: [] };
    await logIn();
    answer(REFUSED());
    await late;
    expect(model.account.needsLogin).toBe(false);
  });
});
