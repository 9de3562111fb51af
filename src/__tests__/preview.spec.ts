import { CommandRegistry } from '@lumino/commands';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { act } from 'react';
import { PreviewWidget } from '../preview';
import type { IExport } from '../protocol';
import { RobError } from '../service';
import { CommandIDs } from '../tokens';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const NOTEBOOK = { path: 'work/tagger.ipynb', name: 'tagger.ipynb', steps: [] };
const TWO = {
  name: 'features.ipynb, tagger.ipynb',
  path: 'work/tagger.ipynb',
  steps: [
    { parameter: 'preproc', label: 'Pre-processing', path: 'features.ipynb' },
    { parameter: 'tagger', label: 'Tagger', path: 'work/tagger.ipynb' }
  ]
};
const PROBLEM = { severity: 'warning', message: 'Drops %time.', cell: 3 };

function answer(values: Partial<IExport>): IExport {
  const name = 'tagger.py';
  const content = 'print("<b>")\n';
  const sha256 = '3f9a1c0099';
  return { format: 'script', name, content, sha256, problems: [], ...values };
}

describe('PreviewWidget', () => {
  let widget: PreviewWidget;
  let shown: unknown[];

  beforeEach(() => {
    shown = [];
    const commands = new CommandRegistry();
    commands.addCommand(CommandIDs.showCell, {
      execute: args => shown.push(args)
    });
    const trans = nullTranslator.load('jupyterlab_rob');
    widget = new PreviewWidget(commands, null, trans);
    Widget.attach(widget, document.body);
  });

  afterEach(() => act(async () => widget.dispose()));

  async function load(ask: () => Promise<IExport>): Promise<void> {
    await act(() => widget.load(NOTEBOOK, ask));
  }

  function texts(selector: string): (string | null)[] {
    return [...widget.content.node.querySelectorAll(selector)].map(
      ({ textContent }) => textContent
    );
  }

  it('should show a script as it is', async () => {
    await load(async () => answer({}));
    expect(widget.title.label).toBe('tagger.py — preview');
    expect(texts('pre')).toEqual(['print("<b>")\n']);
    expect(texts('code')).toEqual(['3f9a1c0']);
  });

  it('should show the cells of a notebook in their order', async () => {
    const cells = [
      { cell_type: 'markdown', source: '# Title' },
      { cell_type: 'code', source: ['a = 1\n', 'b = 2'] }
    ];
    const content = JSON.stringify({ metadata: {}, cells });
    await load(async () => answer({ format: 'notebook', content }));
    expect(texts('h2')).toEqual(['Cell 1 (markdown)', 'Cell 2 (code)']);
    expect(texts('pre')).toEqual(['# Title', 'a = 1\nb = 2']);
  });

  it('should tell problems first, with the way to their cells', async () => {
    const problems = [PROBLEM] as IExport['problems'];
    await load(async () => answer({ problems }));
    expect(texts('.jp-RobProblems-message')).toEqual(['Drops %time.']);
    const button = widget.content.node.querySelector('button');
    await act(async () => button?.click());
    expect(shown).toEqual([{ path: 'work/tagger.ipynb', cell: 3 }]);
  });

  it('should tell why a notebook would be refused', async () => {
    await load(async () => answer({}));
    const problems = [{ ...PROBLEM, severity: 'error' }] as IExport['problems'];
    await load(() => Promise.reject(new RobError('No.', 400, problems)));
    expect(widget.title.label).toBe('tagger.ipynb — preview');
    expect(texts('pre')).toEqual([]);
    expect(texts('[role=alert] .jp-RobProblems-message')).toEqual([
      'Drops %time.'
    ]);
    await load(() => Promise.reject(new RobError('Gone.', 503)));
    expect(texts('[role=alert]')).toEqual(['Gone.']);
  });

  it('should show all parts, and what each leaves out', async () => {
    const raw = (source: string, tags: string[]) => ({
      cell_type: 'raw',
      source,
      metadata: { tags }
    });
    const cells = [
      raw('', ['rob:preproc']),
      raw('', ['rob:preproc']),
      { cell_type: 'code', source: 'b = 2', metadata: {} },
      raw('', []),
      raw('', ['rob:preproc'])
    ];
    const content = JSON.stringify({ metadata: {}, cells });
    const whole = answer({ content: 'a = 1\n', sha256: '11' });
    const parts = [
      { ...whole, parameter: 'preproc', name: 'features.py' },
      { ...whole, parameter: 'tagger', name: 'tagger.ipynb', content }
    ] as IExport['parts'];
    Object.assign(parts?.[1] ?? {}, { format: 'notebook', sha256: '22' });
    const problems = [
      { ...PROBLEM, notebook: 'preproc' }
    ] as IExport['problems'];
    await act(() =>
      widget.load(TWO, async () => ({ ...whole, problems, parts }))
    );
    expect(widget.title.label).toBe('features.ipynb, tagger.ipynb — preview');
    expect(texts('h1')).toEqual(['features.ipynb, tagger.ipynb']);
    expect(texts('h2')).toEqual([
      'Pre-processing: features.py',
      'Tagger: tagger.ipynb'
    ]);
    expect(texts('h3')).toEqual([
      'Cells 1 to 2 are for another step',
      'Cell 3 (code)',
      'Cell 4 (raw)',
      'Cell 5 is for another step'
    ]);
    expect(texts('pre')).toEqual(['a = 1\n', 'b = 2', '']);
    expect(texts('code')).toEqual(['11', '22']);
    expect(texts('.jp-RobProblems-message')).toEqual(['Drops %time.']);
    const button = widget.content.node.querySelector('button');
    await act(async () => button?.click());
    expect(shown).toEqual([{ path: 'features.ipynb', cell: 3 }]);
  });

  it('should tell what the only part of several leaves out', async () => {
    const cells = [
      { cell_type: 'raw', source: '', metadata: { tags: ['rob:preproc'] } },
      { cell_type: 'code', source: 'b = 2', metadata: {} }
    ];
    const content = JSON.stringify({ metadata: {}, cells });
    const whole = answer({ format: 'notebook', content });
    const parts = [{ ...whole, parameter: 'tagger' }];
    await act(() => widget.load(TWO, async () => ({ ...whole, parts })));
    expect(texts('h2')).toEqual([
      'Cell 1 is for another step',
      'Cell 2 (code)'
    ]);
    expect(texts('pre')).toEqual(['b = 2']);
  });

  it('should show the answer to the last question', async () => {
    let late: (answer: IExport) => void = () => undefined;
    const slow = widget.load(
      NOTEBOOK,
      () => new Promise(done => (late = done))
    );
    await load(async () => answer({ content: 'new' }));
    late(answer({ content: 'old' }));
    await act(() => slow);
    expect(texts('pre')).toEqual(['new']);
  });
});
