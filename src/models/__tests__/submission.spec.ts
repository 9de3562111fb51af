import { StateDB } from '@jupyterlab/statedb';
import {
  json,
  makeBenchmark,
  makeRun,
  makeTwoSteps,
  Notebook,
  Server
} from '../../__tests__/server';
import { NONE } from '../sources';
import { SubmissionModel } from '../submission';

const ANSWER = { problems: [], sha256: 'abc', parameters: [] };

describe('SubmissionModel', () => {
  let server: Server;
  let notebook: Notebook;
  let state: StateDB;
  let model: SubmissionModel;

  function create(): SubmissionModel {
    return new SubmissionModel({ service: server.service, notebook, state });
  }

  beforeEach(async () => {
    server = new Server({
      'POST check': ANSWER,
      'POST submit': { run: makeRun() }
    });
    notebook = new Notebook();
    state = new StateDB();
    model = create();
    await model.prepare(makeBenchmark(), 'alice');
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  describe('#prepare()', () => {
    it("should begin with the user's name and the defaults", () => {
      expect(model.name).toBe('alice');
      expect(model.arguments).toEqual({ seed: 7 });
    });

    it('should bring back the last choices of the benchmark', async () => {
      model.name = 'team';
      model.arguments = { seed: 3 };
      const next = create();
      await next.prepare(makeBenchmark(), 'alice');
      expect(next.name).toBe('team');
      expect(next.arguments).toEqual({ seed: 3 });
      await next.prepare(makeBenchmark({ id: 'b2' }), 'alice');
      expect(next.name).toBe('alice');
      expect(next.arguments).toEqual({ seed: 7 });
    });

    it('should forget values of parameters that are gone', async () => {
      model.arguments = { seed: 3 };
      const next = create();
      await next.prepare(makeBenchmark({ parameters: [] }), 'alice');
      expect(next.arguments).toEqual({});
    });
  });

  describe('#blocker', () => {
    it('should be null when all is there', () => {
      expect(model.blocker).toBeNull();
    });

    it('should tell that no notebook is open', () => {
      notebook.current = null;
      expect(model.blocker).toBe('notebook');
    });

    it('should tell that no benchmark is chosen', async () => {
      await model.prepare(null, 'alice');
      expect(model.blocker).toBe('benchmark');
    });
  });

  describe('#blocker with nothing but what can be left out', () => {
    it('should tell that no notebook is chosen', async () => {
      const { parameters } = makeTwoSteps();
      await model.prepare(
        makeTwoSteps({
          id: 'b2',
          parameters: parameters.map(p => ({ ...p, isRequired: false }))
        }),
        'alice'
      );
      model.sources.choose('preproc', NONE);
      expect(model.blocker).toBeNull();
      model.sources.choose('tagger', NONE);
      expect(model.blocker).toBe('notebooks');
    });
  });

  describe('#invalid', () => {
    it('should block, and leave the message to the form', async () => {
      const problems = [
        { severity: 'error', message: 'seed takes…', parameter: 'seed' }
      ];
      server.answers['POST check'] = { ...ANSWER, problems };
      model.arguments = { seed: 'many' };
      await model.check();
      expect(model.blocker).toBe('parameters');
      expect(model.invalid.map(({ name }) => name)).toEqual(['seed']);
      expect(model.problems).toEqual([]);
      model.arguments = { seed: 3 };
      expect(model.blocker).toBeNull();
    });
  });

  describe('#check()', () => {
    it('should send the notebook and the arguments', async () => {
      await model.check();
      expect(server.asked).toEqual([
        {
          route: 'POST check',
          body: {
            benchmark: 'b1',
            notebook: {
              name: 'tagger.ipynb',
              content: await notebook.content('work/tagger.ipynb')
            },
            arguments: { seed: 7 }
          }
        }
      ]);
      expect(model.checked).toEqual(ANSWER);
    });

    it('should show why it could not be done', async () => {
      server.answers['POST check'] = json({ message: 'Not JSON.' }, 400);
      await model.check();
      expect(model.problems).toEqual([
        { severity: 'error', message: 'Not JSON.' }
      ]);
    });

    it('should be debounced, and done only while asked for', async () => {
      jest.useFakeTimers();
      notebook.edit();
      await jest.advanceTimersByTimeAsync(5000);
      expect(server.count('POST check')).toBe(0);
      model.isChecking = true;
      notebook.edit();
      notebook.edit();
      await jest.advanceTimersByTimeAsync(5000);
      expect(server.count('POST check')).toBe(1);
    });

    it('should drop the answer for a notebook that was left', async () => {
      const problems = [{ severity: 'error', message: 'No parameters.' }];
      server.answers['POST check'] = { ...ANSWER, problems };
      const checked = model.check();
      notebook.current = { path: 'b.ipynb', name: 'b.ipynb', isDirty: false };
      notebook.changed.emit();
      await checked;
      expect(model.problems).toEqual([]);
    });
  });

  describe('with several notebooks', () => {
    const OTHER = 'work/features.ipynb';

    beforeEach(async () => {
      notebook.openOther(OTHER);
      await model.prepare(makeTwoSteps({ id: 'b2' }), 'alice');
    });

    it('should send those that were chosen', async () => {
      model.sources.choose('preproc', OTHER);
      await model.check();
      expect(server.asked[0].body).toMatchObject({
        notebook: { name: 'tagger.ipynb' },
        notebooks: { preproc: { name: 'features.ipynb' } }
      });
    });

    it('should bring the choice back, and forget it with the notebook', async () => {
      model.sources.choose('preproc', OTHER);
      const next = create();
      await next.prepare(makeTwoSteps({ id: 'b2' }), 'alice');
      expect(next.sources.paths.preproc).toBe(OTHER);
      notebook.close(OTHER);
      const last = create();
      await last.prepare(makeTwoSteps({ id: 'b2' }), 'alice');
      expect(last.sources.choices).toEqual({ preproc: '', tagger: '' });
    });

    it('should keep the choice when the benchmark is loaded again', async () => {
      model.sources.choose('preproc', OTHER);
      await model.prepare(makeTwoSteps({ id: 'b2' }), 'alice');
      expect(model.sources.paths.preproc).toBe(OTHER);
      await model.prepare(makeTwoSteps({ id: 'b3' }), 'alice');
      expect(model.sources.paths.preproc).toBe('work/tagger.ipynb');
    });

    it('should drop the answer for notebooks that are not sent now', async () => {
      await model.check();
      expect(model.checked).not.toBeNull();
      model.sources.choose('preproc', OTHER);
      expect(model.checked).toBeNull();
    });

    it('should keep the answer when a notebook is opened beside', async () => {
      await model.check();
      notebook.openOther('work/scratch.ipynb');
      expect(model.checked).not.toBeNull();
    });

    it('should check what is sent when it is edited, and nothing else', async () => {
      jest.useFakeTimers();
      model.isChecking = true;
      await jest.advanceTimersByTimeAsync(5000);
      const before = server.count('POST check');
      notebook.edit(OTHER);
      await jest.advanceTimersByTimeAsync(5000);
      expect(server.count('POST check')).toBe(before);
      model.sources.choose('preproc', OTHER);
      await jest.advanceTimersByTimeAsync(5000);
      notebook.edit(OTHER);
      await jest.advanceTimersByTimeAsync(5000);
      expect(server.count('POST check')).toBe(before + 2);
    });

    it('should tell how many cells each is given', async () => {
      const parts = [{ parameter: 'tagger', cells: 5 }];
      server.answers['POST check'] = { ...ANSWER, parts };
      expect(model.cellsFor('tagger')).toBeNull();
      await model.check();
      expect(model.cellsFor('tagger')).toBe(5);
      expect(model.cellsFor('preproc')).toBeNull();
    });

    it('should keep the same words about two notebooks', async () => {
      const problem = { severity: 'error', message: 'No parameters.' };
      const problems = ['preproc', 'tagger'].map(name => ({
        ...problem,
        notebook: name
      }));
      server.answers['POST check'] = { ...ANSWER, problems };
      server.answers['POST submit'] = json(
        { message: 'No.', problems: problems.slice(0, 1) },
        400
      );
      await model.check();
      await expect(model.submit()).rejects.toThrow('No.');
      expect(model.problems).toEqual(problems);
    });

    describe('#untagged', () => {
      const names = () => model.untagged.map(({ name }) => name);

      it('should be what a shared notebook has no tag for', async () => {
        expect(names()).toEqual([]);
        await model.check();
        expect(names()).toEqual(['preproc', 'tagger']);
        notebook.tags = { 'work/tagger.ipynb': ['rob:tagger', 'parameters'] };
        await model.check();
        expect(names()).toEqual(['preproc']);
      });

      it('should be empty when each has a notebook of its own', async () => {
        model.sources.choose('preproc', OTHER);
        await model.check();
        expect(names()).toEqual([]);
      });

      it('should be what a notebook leaves without cells', async () => {
        const parts = [{ parameter: 'preproc', cells: 0 }];
        server.answers['POST check'] = { ...ANSWER, parts };
        model.sources.choose('preproc', OTHER);
        await model.check();
        expect(names()).toEqual(['preproc']);
      });
    });
  });

  describe('#submit()', () => {
    it('should send the submission and answer the run', async () => {
      model.name = ' team ';
      expect((await model.submit()).id).toBe('r1');
      expect(server.asked[0].body).toMatchObject({ submission: 'team' });
    });

    it('should leave an empty name to the service', async () => {
      model.name = ' ';
      await model.submit();
      expect(server.asked[0].body).not.toHaveProperty('submission');
    });

    it('should be busy meanwhile', async () => {
      const submitted = model.submit();
      expect(model.blocker).toBe('busy');
      await expect(model.submit()).rejects.toThrow('nothing to submit');
      await submitted;
      expect(model.blocker).toBeNull();
    });

    it('should show the problems of a refusal', async () => {
      const problems = [{ severity: 'error', message: 'Cell 2.', cell: 2 }];
      server.answers['POST submit'] = json({ message: 'No.', problems }, 400);
      await expect(model.submit()).rejects.toThrow('No.');
      expect(model.problems).toEqual(problems);
      expect(model.isSubmitting).toBe(false);
    });

    it.each<[string, () => void]>([
      ['the notebook', () => notebook.edit()],
      ['an argument', () => (model.arguments = { seed: 3 })],
      ['the name', () => (model.name = 'team')]
    ])('should keep a refusal until %s changes', async (_, change) => {
      const message = 'It needs the kernel ir, which is not installed.';
      server.answers['POST submit'] = json({ message }, 400);
      await expect(model.submit()).rejects.toThrow(message);
      await model.check();
      expect(model.refusal).toEqual([{ severity: 'error', message }]);
      expect(model.problems).toEqual(model.refusal);
      change();
      expect(model.refusal).toEqual([]);
      expect(model.problems).toEqual([]);
    });

    it('should send what was shown when it began', async () => {
      model.name = 'team';
      model.arguments = { seed: 3 };
      const submitted = model.submit();
      model.name = 'other';
      model.arguments = { seed: 4 };
      await submitted;
      expect(server.asked[0].body).toMatchObject({
        benchmark: 'b1',
        submission: 'team',
        arguments: { seed: 3 }
      });
    });

    it.each<[string, () => unknown]>([
      ['benchmark', () => model.prepare(makeBenchmark({ id: 'b2' }), 'alice')],
      ['notebook', () => notebook.show('work/b.ipynb')],
      ['edit', () => notebook.edit()],
      ['argument', () => (model.arguments = { seed: 3 })],
      ['name', () => (model.name = 'team')]
    ])('should not keep the refusal for another %s', async (_, change) => {
      notebook.openOther('work/b.ipynb');
      server.answers['POST submit'] = json({ message: 'No.' }, 400);
      const submitted = model.submit();
      await change();
      await expect(submitted).rejects.toThrow('No.');
      expect(model.refusal).toEqual([]);
      expect(model.blocker).toBeNull();
    });

    it('should keep what was found of another benchmark meanwhile', async () => {
      const problems = [{ severity: 'error', message: 'No parameters.' }];
      server.answers['POST check'] = { ...ANSWER, problems };
      let answer: (run: object) => void = () => undefined;
      server.answers['POST submit'] = () =>
        new Promise(resolve => (answer = resolve));
      const submitted = model.submit();
      await model.prepare(makeBenchmark({ id: 'b2' }), 'alice');
      await model.check();
      answer({ run: makeRun() });
      await submitted;
      expect(model.problems).toEqual(problems);
    });

    it('should not touch a model that was disposed of meanwhile', async () => {
      server.answers['POST submit'] = json({ message: 'No.' }, 400);
      const submitted = model.submit();
      model.dispose();
      await expect(submitted).rejects.toThrow('No.');
      expect(model.refusal).toEqual([]);
    });
  });
});
