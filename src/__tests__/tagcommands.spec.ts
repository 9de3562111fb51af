import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Event, ServiceManager } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Stream } from '@lumino/signaling';
import { ContextMenu } from '@lumino/widgets';
import { RobModel } from '../model';
import { addTagCommands } from '../tagcommands';
import { CommandIDs, IRob } from '../tokens';
import { makeBenchmark, makeTwoSteps, Notebook, Server } from './server';

/** What the tests need of a cell that is selected. */
class Cell {
  constructor(...tags: string[]) {
    this.metadata = tags.length > 0 ? { tags } : {};
  }

  metadata: Record<string, unknown>;

  get model() {
    return this;
  }

  setMetadata(key: string, value: unknown): void {
    this.metadata[key] = value;
  }

  deleteMetadata(key: string): void {
    delete this.metadata[key];
  }
}

describe('rob:tag-cell', () => {
  let model: RobModel;
  let commands: CommandRegistry;
  let contextMenu: ContextMenu;
  let content: { selectedCells: Cell[]; model: { readOnly: boolean } };
  let node: HTMLElement;

  const PREPROC = { parameter: 'preproc' };

  beforeEach(async () => {
    const notebook = new Notebook();
    model = new RobModel({
      service: new Server().service,
      notebook,
      state: null,
      events: new Stream<ServiceManager['events'], Event.Emission>(
        {} as ServiceManager['events']
      )
    });
    content = { selectedCells: [], model: { readOnly: false } };
    commands = new CommandRegistry();
    contextMenu = new ContextMenu({ commands });
    addTagCommands(
      { commands, contextMenu } as unknown as JupyterFrontEnd,
      { model, notebook: { panel: { content } } } as unknown as IRob,
      null,
      'ROB',
      nullTranslator.load('jupyterlab_rob')
    );
    node = document.body.appendChild(document.createElement('div'));
    node.innerHTML = '<div class="jp-Notebook"><p class="jp-Cell">1</p></div>';
    await model.submission.prepare(makeTwoSteps(), 'alice');
  });

  afterEach(() => {
    contextMenu.menu.dispose();
    node.remove();
    model.dispose();
  });

  /** What a right click on a cell offers; a tick for what is toggled. */
  function offered(): string[] {
    const cell = node.querySelector('.jp-Cell') as Element;
    const init = { bubbles: true };
    cell.addEventListener(
      'contextmenu',
      event => contextMenu.open(event as MouseEvent),
      { once: true }
    );
    cell.dispatchEvent(new window.MouseEvent('contextmenu', init));
    const { items } = contextMenu.menu;
    const labels = items
      .filter(({ type, isVisible }) => type === 'command' && isVisible)
      .map(({ label, isToggled }) => `${label}${isToggled ? ' ✓' : ''}`);
    contextMenu.menu.close();
    return labels;
  }

  it('should be offered on a cell for each step', async () => {
    content.selectedCells = [new Cell('rob:tagger')];
    expect(offered()).toEqual([
      'ROB step: Pre-processing',
      'ROB step: Tagger ✓'
    ]);
    await model.submission.prepare(makeBenchmark(), 'alice');
    expect(offered()).toEqual([]);
    await model.submission.prepare(makeTwoSteps(), 'alice');
    expect(offered()).toHaveLength(2);
  });

  it('should tag all selected cells, and keep their other tags', async () => {
    const cells = [new Cell(), new Cell('parameters'), new Cell('rob:preproc')];
    content.selectedCells = cells;
    expect(commands.isToggled(CommandIDs.tagCell, PREPROC)).toBe(false);
    await commands.execute(CommandIDs.tagCell, PREPROC);
    expect(cells.map(({ metadata }) => metadata.tags)).toEqual([
      ['rob:preproc'],
      ['parameters', 'rob:preproc'],
      ['rob:preproc']
    ]);
    expect(commands.isToggled(CommandIDs.tagCell, PREPROC)).toBe(true);
  });

  it('should take the tag off where all have it', async () => {
    const cells = [new Cell('rob:preproc'), new Cell('rob:preproc', 'x')];
    content.selectedCells = cells;
    await commands.execute(CommandIDs.tagCell, PREPROC);
    expect(cells.map(({ metadata }) => metadata)).toEqual([
      {},
      { tags: ['x'] }
    ]);
  });

  it('should be off where cells can not be changed, or for no step', () => {
    expect(commands.isEnabled(CommandIDs.tagCell, PREPROC)).toBe(true);
    expect(commands.isEnabled(CommandIDs.tagCell, {})).toBe(false);
    content.model.readOnly = true;
    expect(commands.isEnabled(CommandIDs.tagCell, PREPROC)).toBe(false);
  });
});
