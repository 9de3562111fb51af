import { json, makeRun, Server } from '../../__tests__/server';
import type { IRunEvent } from '../../protocol';
import { RunLogModel } from '../runlog';
import { RunsModel } from '../runs';

const LIST = 'GET api/v1/workflows/b1/runs?limit=50';
const LOG = 'GET api/v1/runs/r1/log';
const EVENT: IRunEvent = {
  run: 'r1',
  benchmark: 'b1',
  submission: 'g1',
  state: 'RUNNING',
  elapsed: 1,
  logSize: 2
};

function part(text: string, start: number): Response {
  const end = start + text.length;
  return new Response(text, {
    status: 206,
    headers: { 'Content-Range': `bytes ${start}-${end - 1}/${end}` }
  });
}

describe('RunLogModel', () => {
  let server: Server;
  let runs: RunsModel;
  let model: RunLogModel;
  let isWatched: boolean;

  async function pass(milliseconds: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(milliseconds);
  }

  beforeEach(async () => {
    jest.useFakeTimers();
    server = new Server({
      [LIST]: { runs: [makeRun({ state: 'RUNNING' })] },
      [LOG]: () => part('a\n', 0)
    });
    runs = new RunsModel(server.service);
    runs.benchmark = 'b1';
    await runs.refresh();
    await runs.receive(EVENT);
    isWatched = true;
    model = new RunLogModel(server.service, runs, 'r1', () => isWatched);
    await pass(0);
  });

  afterEach(() => {
    model.dispose();
    runs.dispose();
    jest.useRealTimers();
  });

  it('should ask for the end alone', () => {
    expect(model.text).toBe('a\n');
    expect(model.isCut).toBe(false);
    const asked = server.asked.find(({ route }) => route === LOG);
    expect(asked?.range).toBe('bytes=-16384');
    expect(asked?.isUnasked).toBe(true);
  });

  it('should ask again when the log has grown, not more often than it is read', async () => {
    await runs.receive({ ...EVENT, elapsed: 2 });
    await pass(5000);
    expect(server.count(LOG)).toBe(1);
    for (let logSize = 3; logSize < 100; logSize++) {
      await runs.receive({ ...EVENT, elapsed: 3, logSize });
    }
    await pass(100);
    expect(server.count(LOG)).toBe(2);
    await runs.receive({ ...EVENT, elapsed: 4, logSize: 100 });
    await runs.receive({ ...EVENT, elapsed: 5, logSize: 101 });
    await pass(5000);
    expect(server.count(LOG)).toBe(3);
  });

  it('should follow a service that does not tell how long the log is', async () => {
    server.answers[LIST] = {
      runs: [makeRun({ id: 'r2', state: 'RUNNING' })]
    };
    server.answers['GET api/v1/runs/r2/log'] = 'b\n';
    await runs.refresh();
    const other = new RunLogModel(server.service, runs, 'r2', () => true);
    await pass(0);
    expect(other.text).toBe('b\n');
    await runs.receive({ ...EVENT, run: 'r2', logSize: undefined });
    await pass(2000);
    other.dispose();
    expect(server.count('GET api/v1/runs/r2/log')).toBe(2);
  });

  it('should ask for nothing while nobody looks, and catch up', async () => {
    isWatched = false;
    await runs.receive({ ...EVENT, elapsed: 2, logSize: 9 });
    await pass(10000);
    expect(server.count(LOG)).toBe(1);
    isWatched = true;
    model.check();
    await pass(100);
    expect(server.count(LOG)).toBe(2);
  });

  it('should ask a last time when the run has ended', async () => {
    runs.update(makeRun({ state: 'CANCELED' }));
    await pass(2000);
    expect(server.count(LOG)).toBe(2);
    runs.update(makeRun({ state: 'CANCELED' }));
    await pass(60000);
    expect(server.count(LOG)).toBe(2);
  });

  it('should show whole lines, without what is for terminals', async () => {
    server.answers[LOG] = () =>
      part('\ufffdlf a line\n\u001b[31mred\u001b[0m', 7);
    await runs.receive({ ...EVENT, elapsed: 2, logSize: 99 });
    await pass(2000);
    expect(model.text).toBe('red');
    expect(model.isCut).toBe(true);
  });

  it('should cut what a service that knows no parts answers', async () => {
    server.answers[LOG] = `${'a'.repeat(20000)}\nend`;
    await runs.receive({ ...EVENT, elapsed: 2, logSize: 99 });
    await pass(2000);
    expect(model.text).toBe('end');
    expect(model.isCut).toBe(true);
  });

  it.each([404, 416])(
    'should take %p of an active run for an empty log',
    async status => {
      server.answers[LOG] = () => json({ message: 'None.' }, status);
      await runs.receive({ ...EVENT, elapsed: 2, logSize: 99 });
      await pass(2000);
      expect(model.text).toBe('');
      expect(model.error).toBeNull();
    }
  );

  it('should keep the text and tell the error when it fails', async () => {
    server.answers[LOG] = () => json({ message: 'Gone.' }, 503);
    await runs.receive({ ...EVENT, elapsed: 2, logSize: 99 });
    await pass(2000);
    expect(model.text).toBe('a\n');
    expect(model.error?.message).toBe('Gone.');
    await pass(5000);
    expect(server.count(LOG)).toBe(2);
  });

  it('should ask for nothing after it was disposed of', async () => {
    await runs.receive({ ...EVENT, elapsed: 2, logSize: 99 });
    model.dispose();
    await pass(10000);
    expect(server.count(LOG)).toBe(1);
  });
});
