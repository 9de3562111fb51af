/**
 * The open notebooks, as the models and commands need them.
 */
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { INotebookAddress } from './models/origins';
import type {
  INotebookSource,
  IOpenChange,
  IOpenNotebook
} from './models/sources';

/** A cell, by its identifier or by its position, which counts from 1. */
export interface ICellAddress {
  cellId?: string | null;
  cell?: number | null;
}

type Context = NotebookPanel['context'];

/** Follows the notebooks that are open, and which of them the user works in. */
export class OpenNotebooks implements INotebookSource, IDisposable {
  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.forEach(panel => this._follow(panel));
    _tracker.widgetAdded.connect((_, panel) => this._follow(panel), this);
    _tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get contentChanged(): ISignal<this, string> {
    return this._contentChanged;
  }

  get openChanged(): ISignal<this, IOpenChange> {
    return this._openChanged;
  }

  /** Where the user works, null when no notebook is open. */
  get panel(): NotebookPanel | null {
    return this._panel?.isDisposed ? null : this._panel;
  }

  get current(): INotebookSource['current'] {
    if (!this.panel) {
      return null;
    }
    const { path, model } = this.panel.context;
    return { path, name: PathExt.basename(path), isDirty: model.dirty };
  }

  get open(): readonly IOpenNotebook[] {
    return [...this._paths.values()].map(path => ({
      path,
      name: PathExt.basename(path)
    }));
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.clearData(this);
    }
  }

  /** A notebook as shown, without outputs; nothing is saved. */
  async content(path: string): Promise<INotebookContent> {
    const panel = this._tracker.find(({ context }) => context.path === path);
    if (!panel) {
      throw new Error(`${PathExt.basename(path)} is not open.`);
    }
    await panel.context.ready;
    const content = panel.context.model.toJSON() as INotebookContent;
    const metadata = { ...content.metadata };
    const spec = metadata.kernelspec
      ? undefined
      : await panel.sessionContext.session?.kernel?.spec;
    if (spec) {
      metadata.kernelspec = {
        name: spec.name,
        display_name: spec.display_name,
        language: spec.language
      };
    }
    const cells = content.cells.map(cell =>
      cell.cell_type === 'code'
        ? { ...cell, outputs: [], execution_count: null }
        : cell
    );
    return { ...content, metadata, cells };
  }

  /** An open notebook, by its path, else by its file name. */
  find(address: INotebookAddress): NotebookPanel | undefined {
    const { path, name } = address;
    return (
      this._tracker.find(panel => panel.context.path === path) ??
      this._tracker.find(
        panel => PathExt.basename(panel.context.path) === (name ?? path)
      )
    );
  }

  /** Tell of a notebook from now on; one that is shown twice has one context. */
  private _follow({ context }: NotebookPanel): void {
    if (this._paths.has(context)) {
      return;
    }
    this._paths.set(context, context.path);
    context.pathChanged.connect(this._onPathChanged, this);
    context.disposed.connect(this._onClosed, this);
    context.fileChanged.connect(this._emitContent, this);
    context.model.contentChanged.connect(
      () => this._emitContent(context),
      this
    );
    this._openChanged.emit({ from: null, to: context.path });
  }

  private _onPathChanged(context: Context): void {
    const from = this._paths.get(context) ?? null;
    this._paths.set(context, context.path);
    this._openChanged.emit({ from, to: context.path });
  }

  private _onClosed(context: Context): void {
    const from = this._paths.get(context) ?? null;
    this._paths.delete(context);
    this._openChanged.emit({ from, to: null });
  }

  private _onCurrentChanged(): void {
    const panel = this._tracker.currentWidget;
    if (panel === this._panel) {
      return;
    }
    const old = this._panel;
    if (old && !old.isDisposed) {
      old.context.pathChanged.disconnect(this._emitChanged, this);
      old.context.model.stateChanged.disconnect(this._emitChanged, this);
    }
    this._panel = panel;
    if (panel) {
      // The tracker tells of a new one only after that.
      this._follow(panel);
      panel.context.pathChanged.connect(this._emitChanged, this);
      panel.context.model.stateChanged.connect(this._emitChanged, this);
    }
    this._changed.emit();
  }

  private _emitChanged(): void {
    this._changed.emit();
  }

  private _emitContent({ path }: { path: string }): void {
    this._contentChanged.emit(path);
  }

  private _changed = new Signal<this, void>(this);
  private _contentChanged = new Signal<this, string>(this);
  private _isDisposed = false;
  private _openChanged = new Signal<this, IOpenChange>(this);
  private _panel: NotebookPanel | null = null;
  private _paths = new Map<Context, string>();
}

/** Make a cell the active one and scroll to it; false when there is none. */
export async function revealCell(
  panel: NotebookPanel,
  address: ICellAddress
): Promise<boolean> {
  await panel.revealed;
  if (panel.isDisposed) {
    return false;
  }
  const notebook = panel.content;
  const byId = notebook.widgets.findIndex(
    widget => widget.model.id === address.cellId
  );
  const index = byId >= 0 ? byId : (address.cell ?? 0) - 1;
  if (index < 0 || index >= notebook.widgets.length) {
    return false;
  }
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'center');
  return true;
}
