import { makeTwoSteps, Notebook } from '../../__tests__/server';
import type { IParameter } from '../../protocol';
import { notebookParameters } from '../parameters';
import { CURRENT, NONE, SourcesModel } from '../sources';

const MAIN = 'work/tagger.ipynb';
const OTHER = 'work/features.ipynb';
const THIRD = 'work/third.ipynb';
const TWO = notebookParameters(makeTwoSteps());

describe('SourcesModel', () => {
  let notebook: Notebook;
  let model: SourcesModel;
  let chosen: Readonly<Record<string, string>>[];

  function prepare(
    parameters: readonly IParameter[],
    choices: Record<string, string> = {}
  ): void {
    model.prepare(parameters, choices);
  }

  beforeEach(() => {
    notebook = new Notebook();
    model = new SourcesModel(notebook);
    chosen = [];
    model.chosen.connect(() => chosen.push(model.choices));
    prepare(TWO);
  });

  afterEach(() => model.dispose());

  describe('with one parameter', () => {
    beforeEach(() => prepare(TWO.slice(1), { tagger: OTHER }));

    it('should leave nothing to choose', () => {
      notebook.openOther(OTHER);
      expect(model.hasSeveral).toBe(false);
      expect(model.choices).toEqual({});
      expect(model.names).toEqual(['tagger.ipynb']);
      expect(model.uses(MAIN)).toBe(true);
      expect(model.uses(OTHER)).toBe(false);
    });

    it('should send the current notebook alone', async () => {
      const sent = await model.collect();
      expect(Object.keys(sent)).toEqual(['notebook']);
      expect(sent.notebook?.name).toBe('tagger.ipynb');
    });

    it('should do so for a benchmark without a parameter for it', async () => {
      prepare([]);
      expect(model.names).toEqual(['tagger.ipynb']);
      expect(model.pathOf(null)).toBe(MAIN);
      expect(Object.keys(await model.collect())).toEqual(['notebook']);
    });
  });

  describe('#choice()', () => {
    beforeEach(() => notebook.openOther(OTHER));

    it('should be the current notebook until another is chosen', () => {
      expect(model.choice('preproc')).toBe(CURRENT);
      model.choose('preproc', OTHER);
      expect(model.choice('preproc')).toBe(OTHER);
      expect(model.choice('tagger')).toBe(CURRENT);
      expect(model.paths).toEqual({ preproc: OTHER, tagger: MAIN });
      expect(chosen).toEqual([{ preproc: OTHER, tagger: MAIN }]);
    });

    it('should fall back when the notebook is closed', () => {
      model.choose('preproc', OTHER);
      notebook.close(OTHER);
      expect(model.choice('preproc')).toBe(CURRENT);
      notebook.openOther(OTHER);
      expect(model.choice('preproc')).toBe(CURRENT);
      expect(chosen[1]).toEqual({ preproc: CURRENT, tagger: CURRENT });
      expect(model.isHeld).toBe(false);
    });

    it('should follow a notebook that is renamed', () => {
      model.choose('preproc', OTHER);
      notebook.rename(OTHER, 'work/b.ipynb');
      expect(model.choice('preproc')).toBe('work/b.ipynb');
      expect(chosen[1]).toEqual({ preproc: 'work/b.ipynb', tagger: MAIN });
    });

    it('should wait for a notebook that was chosen before a reload', () => {
      prepare(TWO, { preproc: 'late.ipynb', gone: OTHER });
      expect(model.choice('preproc')).toBe(CURRENT);
      notebook.openOther('late.ipynb');
      expect(model.choice('preproc')).toBe('late.ipynb');
      expect(model.choices).toEqual({ preproc: 'late.ipynb', tagger: MAIN });
    });

    it('should wait for all that were chosen before a reload', () => {
      const choices = { preproc: 'late.ipynb', tagger: 'later.ipynb' };
      prepare(TWO, choices);
      notebook.openOther('later.ipynb');
      notebook.show('later.ipynb');
      expect(model.choices).toEqual(choices);
      notebook.openOther('late.ipynb');
      expect(model.paths).toEqual(choices);
    });

    it('should hold for all, whichever notebook is the current one', () => {
      notebook.openOther(THIRD);
      model.choose('preproc', OTHER);
      const paths = { preproc: OTHER, tagger: MAIN };
      notebook.show(OTHER);
      expect(model.choice('preproc')).toBe(CURRENT);
      expect(model.choice('tagger')).toBe(MAIN);
      expect(model.paths).toEqual(paths);
      notebook.show(THIRD);
      expect(model.choice('preproc')).toBe(OTHER);
      expect(model.paths).toEqual(paths);
      expect(model.isHeld).toBe(true);
      notebook.show(MAIN);
      expect(model.paths).toEqual(paths);
      expect(chosen).toHaveLength(1);
    });

    it('should hold a notebook that is chosen for all', () => {
      model.choose('preproc', OTHER);
      model.choose('tagger', OTHER);
      notebook.show(OTHER);
      notebook.show(MAIN);
      expect(model.paths).toEqual({ preproc: OTHER, tagger: OTHER });
    });

    it('should follow again when the current one is chosen for all', () => {
      model.choose('preproc', OTHER);
      notebook.show(OTHER);
      model.choose('tagger', CURRENT);
      expect(model.isHeld).toBe(false);
      expect(model.choices).toEqual({ preproc: CURRENT, tagger: CURRENT });
      notebook.show(MAIN);
      expect(model.paths).toEqual({ preproc: MAIN, tagger: MAIN });
    });

    it('should hold the current one where it is chosen beside another', () => {
      notebook.openOther(THIRD);
      model.choose('preproc', OTHER);
      notebook.show(THIRD);
      model.choose('tagger', CURRENT);
      notebook.show(MAIN);
      expect(model.paths).toEqual({ preproc: OTHER, tagger: THIRD });
    });

    it('should hold what takes the place of a notebook that is closed', () => {
      notebook.openOther(THIRD);
      model.choose('preproc', OTHER);
      notebook.show(THIRD);
      notebook.close(OTHER);
      notebook.show(MAIN);
      expect(model.paths).toEqual({ preproc: THIRD, tagger: MAIN });
    });

    it('should follow again when nothing else is left', () => {
      model.choose('preproc', OTHER);
      notebook.current = null;
      notebook.close(MAIN);
      expect(model.choices).toEqual({ preproc: OTHER });
      notebook.show(OTHER);
      expect(model.choices).toEqual({ preproc: CURRENT, tagger: CURRENT });
    });
  });

  describe('#isOptional()', () => {
    const optional = [TWO[0], { ...TWO[1], isRequired: false }];

    it('should be true beside what is required', () => {
      prepare(optional);
      expect(model.isOptional('preproc')).toBe(false);
      expect(model.isOptional('tagger')).toBe(true);
      expect(model.choice('tagger')).toBe(NONE);
      expect(model.paths).toEqual({ preproc: MAIN });
    });

    it('should be false when nothing is required', () => {
      prepare(TWO.map(parameter => ({ ...parameter, isRequired: false })));
      expect(model.isOptional('tagger')).toBe(false);
      expect(model.choice('tagger')).toBe(CURRENT);
    });

    it('should let one be left out when nothing is required', async () => {
      prepare(TWO.map(parameter => ({ ...parameter, isRequired: false })));
      expect(model.canBeNone('tagger')).toBe(true);
      model.choose('tagger', NONE);
      expect(model.choice('tagger')).toBe(NONE);
      expect(model.paths).toEqual({ preproc: MAIN });
      // A main notebook would fill the other one, too.
      const { notebook: main, notebooks } = await model.collect();
      expect(main).toBeUndefined();
      expect(Object.keys(notebooks ?? {})).toEqual(['preproc']);
      notebook.openOther(OTHER);
      notebook.show(OTHER);
      expect(model.paths).toEqual({ preproc: OTHER });
    });

    it('should let nothing be left out that is required', () => {
      prepare(TWO, { tagger: NONE });
      expect(model.canBeNone('tagger')).toBe(false);
      expect(model.choice('tagger')).toBe(CURRENT);
    });

    it('should let the current notebook be chosen by name', async () => {
      prepare(optional);
      model.choose('tagger', CURRENT);
      const sent = await model.collect();
      expect(sent.notebook?.name).toBe('tagger.ipynb');
      expect(Object.keys(sent.notebooks ?? {})).toEqual(['tagger']);
      expect(model.shared).toEqual(['preproc']);
    });
  });

  describe('#collect()', () => {
    it('should send one notebook for all', async () => {
      expect(Object.keys(await model.collect())).toEqual(['notebook']);
      expect(model.names).toEqual(['tagger.ipynb']);
    });

    it('should send another beside the current one', async () => {
      notebook.openOther(OTHER);
      notebook.tags = { [OTHER]: ['a'], [MAIN]: ['b'] };
      model.choose('preproc', OTHER);
      const { notebook: main, notebooks } = await model.collect();
      expect(main?.content.cells[0].metadata.tags).toEqual(['b']);
      expect(Object.keys(notebooks ?? {})).toEqual(['preproc']);
      expect(notebooks?.preproc.name).toBe('features.ipynb');
      expect(notebooks?.preproc.content.cells[0].metadata.tags).toEqual(['a']);
      expect(model.names).toEqual(['features.ipynb', 'tagger.ipynb']);
    });

    it('should not send a current notebook that fills nothing', async () => {
      notebook.openOther(OTHER);
      model.choose('preproc', OTHER);
      model.choose('tagger', OTHER);
      const sent = await model.collect();
      // As one that is split: it needs its tags, wherever it is chosen from.
      expect(Object.keys(sent)).toEqual(['notebook']);
      expect(sent.notebook?.name).toBe('features.ipynb');
      expect(model.shared).toEqual(['preproc', 'tagger']);
      expect(model.uses(MAIN)).toBe(false);
      expect(model.uses(OTHER)).toBe(true);
      expect(model.pathOf('tagger')).toBe(OTHER);
      expect(model.pathOf(null)).toBe(OTHER);
    });

    it('should send the same when another notebook is current', async () => {
      const third = { ...TWO[1], name: 'plots', index: 2 };
      prepare([...TWO, third]);
      notebook.openOther(OTHER);
      model.choose('preproc', OTHER);
      const sent = await model.collect();
      expect(sent.notebook?.name).toBe('tagger.ipynb');
      expect(model.shared).toEqual(['tagger', 'plots']);
      notebook.show(OTHER);
      expect(await model.collect()).toEqual(sent);
      expect(model.main).toBe(MAIN);
    });

    it('should send each by its name when none of them is current', async () => {
      notebook.openOther(OTHER);
      notebook.openOther(THIRD);
      model.choose('preproc', OTHER);
      notebook.show(THIRD);
      const { notebook: main, notebooks } = await model.collect();
      expect(main).toBeUndefined();
      expect(notebooks?.preproc.name).toBe('features.ipynb');
      expect(notebooks?.tagger.name).toBe('tagger.ipynb');
    });

    it('should fail when no notebook is open', async () => {
      notebook.current = null;
      await expect(model.collect()).rejects.toThrow('no open notebook');
    });
  });
});
