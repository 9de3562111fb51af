import { RobError } from '../service';
import { json, makeRun, Server } from './server';

const NOTEBOOK = {
  name: 'tagger.ipynb',
  content: { metadata: {}, nbformat: 4, nbformat_minor: 5, cells: [] }
};

async function failure(promise: Promise<unknown>): Promise<RobError> {
  const reason = await promise.then(
    () => null,
    (error: unknown) => error
  );
  expect(reason).toBeInstanceOf(RobError);
  return reason as RobError;
}

describe('RobService', () => {
  describe('#session()', () => {
    it('should ask below the base URL of the server', async () => {
      const session = { kind: 'embedded', state: 'ready', username: 'alice' };
      const server = new Server({ 'GET session': session });
      expect(await server.service.session()).toEqual(session);
    });

    it("should fail with the server's message and status", async () => {
      const server = new Server({
        'GET session': json({ message: 'The folder is locked.' }, 503)
      });
      const error = await failure(server.service.session());
      expect(error.message).toBe('The folder is locked.');
      expect(error.status).toBe(503);
      expect(error.problems).toEqual([]);
    });

    it('should fail with the status if the answer is not ours', async () => {
      const server = new Server({
        'GET session': new Response('<html>', {
          status: 502,
          statusText: 'Bad Gateway'
        })
      });
      const error = await failure(server.service.session());
      expect(error.message).toBe('502 Bad Gateway');
    });

    it('should fail with status 0 if the server is gone', async () => {
      const server = new Server({
        'GET session': () => Promise.reject(new TypeError('gone'))
      });
      const error = await failure(server.service.session());
      expect(error.status).toBe(0);
      expect(error.message).toContain("can't be reached");
    });

    it('should fail if the answer is not JSON', async () => {
      const server = new Server({ 'GET session': '<html>' });
      const error = await failure(server.service.session());
      expect(error.message).toContain('not JSON');
    });
  });

  describe('#benchmark()', () => {
    it('should escape the identifier', async () => {
      const server = new Server();
      await failure(server.service.benchmark('../users?x'));
      expect(server.asked[0].route).toBe('GET api/v1/workflows/..%2Fusers%3Fx');
    });
  });

  describe('#runs()', () => {
    it('should answer the runs, limited', async () => {
      const runs = [makeRun()];
      const server = new Server({
        'GET api/v1/workflows/b1/runs?limit=5': { runs }
      });
      expect(await server.service.runs('b1', 5)).toEqual(runs);
    });
  });

  describe('#cancel()', () => {
    it('should put to the run', async () => {
      const run = makeRun({ state: 'CANCELED' });
      const server = new Server({ 'PUT api/v1/runs/r1': run });
      expect(await server.service.cancel('r1')).toEqual(run);
    });
  });

  describe('#log()', () => {
    it('should answer the text', async () => {
      const server = new Server({ 'GET api/v1/runs/r1/log': 'a\n<b>\n' });
      expect(await server.service.log('r1')).toBe('a\n<b>\n');
    });
  });

  describe('#submit()', () => {
    it('should send all that is given and answer the run', async () => {
      const server = new Server({ 'POST submit': { run: makeRun() } });
      const request = {
        benchmark: 'b1',
        submission: 'alice',
        notebook: NOTEBOOK,
        arguments: { seed: 1 }
      };
      expect((await server.service.submit(request)).id).toBe('r1');
      expect(server.asked[0].body).toEqual(request);
    });

    it('should fail with the problems', async () => {
      const problems = [{ severity: 'error', message: 'No cell.', cell: 2 }];
      const server = new Server({
        'POST submit': json({ message: 'Refused.', problems }, 400)
      });
      const request = { benchmark: 'b1', notebook: NOTEBOOK, arguments: {} };
      const error = await failure(server.service.submit(request));
      expect(error.status).toBe(400);
      expect(error.problems).toEqual(problems);
    });
  });

  describe('#notebookUrl()', () => {
    it('should lead through the Jupyter server', () => {
      expect(new Server().service.notebookUrl('r1', 'a b')).toBe(
        'http://localhost:8888/user/me/rob/api/v1/runs/r1/notebooks/a%20b'
      );
    });
  });
});
