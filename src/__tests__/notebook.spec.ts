import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { IOpenChange } from '../models/sources';
import { OpenNotebooks } from '../notebook';

const SPEC = { name: 'python3', display_name: 'Python 3', language: 'python' };

/** Emit a signal that its owner alone would. */
function emit(signal: object, value: unknown): void {
  (signal as Signal<unknown, unknown>).emit(value);
}

/** What the tests need of an open notebook. */
function makePanel(path: string, metadata: object): NotebookPanel {
  const content = {
    metadata,
    nbformat: 4,
    nbformat_minor: 5,
    cells: [
      { cell_type: 'markdown', source: '# A', metadata: {} },
      {
        cell_type: 'code',
        source: '1',
        metadata: {},
        execution_count: 3,
        outputs: [{ output_type: 'stream', name: 'stdout', text: '1' }]
      }
    ]
  };
  const context = { path, ready: Promise.resolve() };
  Object.assign(context, {
    pathChanged: new Signal(context),
    fileChanged: new Signal(context),
    disposed: new Signal(context),
    model: {
      dirty: true,
      toJSON: () => content,
      stateChanged: new Signal(context),
      contentChanged: new Signal(context)
    }
  });
  return {
    isDisposed: false,
    context,
    sessionContext: { session: { kernel: { spec: Promise.resolve(SPEC) } } }
  } as unknown as NotebookPanel;
}

function makeTracker(...panels: NotebookPanel[]): INotebookTracker {
  const tracker = {
    currentWidget: panels[0] ?? null,
    find: (test: (panel: NotebookPanel) => boolean) => panels.find(test),
    forEach: (visit: (panel: NotebookPanel) => void) => panels.forEach(visit)
  };
  return Object.assign(tracker, {
    currentChanged: new Signal(tracker),
    widgetAdded: new Signal(tracker)
  }) as unknown as INotebookTracker;
}

describe('OpenNotebooks', () => {
  let notebook: OpenNotebooks;

  function follow(...panels: NotebookPanel[]): INotebookTracker {
    const tracker = makeTracker(...panels);
    notebook = new OpenNotebooks(tracker);
    return tracker;
  }

  afterEach(() => notebook.dispose());

  describe('#current', () => {
    it('should be null when no notebook is open', () => {
      follow();
      expect(notebook.current).toBeNull();
    });

    it('should follow the tracker', () => {
      const tracker = follow(makePanel('a/b.ipynb', {}));
      const seen: unknown[] = [];
      notebook.changed.connect(({ current }) => seen.push(current?.path));
      expect(notebook.current).toEqual({
        path: 'a/b.ipynb',
        name: 'b.ipynb',
        isDirty: true
      });
      Object.assign(tracker, { currentWidget: makePanel('c.ipynb', {}) });
      emit(tracker.currentChanged, null);
      expect(seen).toEqual(['c.ipynb']);
    });
  });

  describe('#open', () => {
    const paths = () => notebook.open.map(({ path }) => path);

    it('should have all notebooks, each once', () => {
      const panel = makePanel('x/a.ipynb', {});
      const view = { ...panel } as NotebookPanel;
      follow(panel, makePanel('b.ipynb', {}), view);
      expect(notebook.open).toEqual([
        { path: 'x/a.ipynb', name: 'a.ipynb' },
        { path: 'b.ipynb', name: 'b.ipynb' }
      ]);
    });

    it('should tell what is opened, renamed and closed', () => {
      const tracker = follow(makePanel('a.ipynb', {}));
      const seen: IOpenChange[] = [];
      notebook.openChanged.connect((_, change) => seen.push(change));
      const panels = [makePanel('b.ipynb', {})];
      const { context } = panels[0];
      emit(tracker.widgetAdded, panels[0]);
      Object.assign(context, { path: 'c.ipynb' });
      emit(context.pathChanged, context.path);
      expect(paths()).toEqual(['a.ipynb', 'c.ipynb']);
      emit(context.disposed, undefined);
      expect(paths()).toEqual(['a.ipynb']);
      expect(seen).toEqual([
        { from: null, to: 'b.ipynb' },
        { from: 'b.ipynb', to: 'c.ipynb' },
        { from: 'c.ipynb', to: null }
      ]);
    });

    it('should have a current one that the tracker has not told of', () => {
      const tracker = follow();
      Object.assign(tracker, { currentWidget: makePanel('a.ipynb', {}) });
      emit(tracker.currentChanged, null);
      expect(paths()).toEqual(['a.ipynb']);
    });
  });

  describe('#contentChanged', () => {
    it('should tell which notebook was edited', () => {
      const panels = [makePanel('a.ipynb', {}), makePanel('b.ipynb', {})];
      follow(...panels);
      const seen: string[] = [];
      notebook.contentChanged.connect((_, path) => seen.push(path));
      emit(panels[1].context.model.contentChanged, undefined);
      emit(panels[0].context.fileChanged, {});
      expect(seen).toEqual(['b.ipynb', 'a.ipynb']);
    });
  });

  describe('#content()', () => {
    it('should be of the notebook that is asked for', async () => {
      const kernelspec = { name: 'ir', display_name: 'R' };
      follow(makePanel('a.ipynb', {}), makePanel('b.ipynb', { kernelspec }));
      const content = await notebook.content('b.ipynb');
      expect(content.metadata.kernelspec).toEqual(kernelspec);
    });

    it('should fail when the notebook is closed', async () => {
      follow(makePanel('a.ipynb', {}));
      await expect(notebook.content('x/b.ipynb')).rejects.toThrow(
        'b.ipynb is not open.'
      );
    });

    it('should leave the outputs out', async () => {
      const panel = makePanel('a.ipynb', {});
      follow(panel);
      const content = await notebook.content('a.ipynb');
      expect(content.cells[1]).toMatchObject({
        source: '1',
        outputs: [],
        execution_count: null
      });
    });

    it('should name the kernel that runs when the notebook does not', async () => {
      const panel = makePanel('a.ipynb', {});
      follow(panel);
      const content = await notebook.content('a.ipynb');
      expect(content.metadata.kernelspec).toEqual(SPEC);
      expect(panel.context.model.toJSON()).toHaveProperty('metadata', {});
    });

    it("should keep the notebook's own kernel", async () => {
      const kernelspec = { name: 'ir', display_name: 'R' };
      const panel = makePanel('a.ipynb', { kernelspec });
      follow(panel);
      const content = await notebook.content('a.ipynb');
      expect(content.metadata.kernelspec).toEqual(kernelspec);
    });
  });

  describe('#find()', () => {
    it('should prefer the path to the name', () => {
      const panels = [makePanel('x/a.ipynb', {}), makePanel('y/a.ipynb', {})];
      follow(...panels);
      expect(notebook.find({ path: 'y/a.ipynb' })).toBe(panels[1]);
      expect(notebook.find({ name: 'a.ipynb' })).toBe(panels[0]);
      expect(notebook.find({ path: 'z.ipynb' })).toBeUndefined();
    });
  });
});
