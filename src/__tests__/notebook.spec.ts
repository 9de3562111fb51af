import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { CurrentNotebook } from '../notebook';

const SPEC = { name: 'python3', display_name: 'Python 3', language: 'python' };

/** What the tests need of an open notebook. */
function makePanel(path: string, metadata: object): NotebookPanel {
  const owner = {};
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
  return {
    isDisposed: false,
    context: {
      path,
      ready: Promise.resolve(),
      pathChanged: new Signal(owner),
      fileChanged: new Signal(owner),
      model: {
        dirty: true,
        toJSON: () => content,
        stateChanged: new Signal(owner),
        contentChanged: new Signal(owner)
      }
    },
    sessionContext: { session: { kernel: { spec: Promise.resolve(SPEC) } } }
  } as unknown as NotebookPanel;
}

function makeTracker(...panels: NotebookPanel[]): INotebookTracker {
  const tracker = {
    currentWidget: panels[0] ?? null,
    find: (test: (panel: NotebookPanel) => boolean) => panels.find(test)
  };
  return Object.assign(tracker, {
    currentChanged: new Signal(tracker)
  }) as unknown as INotebookTracker;
}

describe('CurrentNotebook', () => {
  let notebook: CurrentNotebook;

  function follow(...panels: NotebookPanel[]): INotebookTracker {
    const tracker = makeTracker(...panels);
    notebook = new CurrentNotebook(tracker);
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
      (tracker.currentChanged as Signal<unknown, unknown>).emit(null);
      expect(seen).toEqual(['c.ipynb']);
    });
  });

  describe('#content()', () => {
    it('should leave the outputs out', async () => {
      const panel = makePanel('a.ipynb', {});
      follow(panel);
      const content = await notebook.content();
      expect(content.cells[1]).toMatchObject({
        source: '1',
        outputs: [],
        execution_count: null
      });
    });

    it('should name the kernel that runs when the notebook does not', async () => {
      const panel = makePanel('a.ipynb', {});
      follow(panel);
      const content = await notebook.content();
      expect(content.metadata.kernelspec).toEqual(SPEC);
      expect(panel.context.model.toJSON()).toHaveProperty('metadata', {});
    });

    it("should keep the notebook's own kernel", async () => {
      const kernelspec = { name: 'ir', display_name: 'R' };
      const panel = makePanel('a.ipynb', { kernelspec });
      follow(panel);
      const content = await notebook.content();
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
