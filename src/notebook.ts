/**
 * The open notebooks, as the models and commands need them.
 */
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { INotebookSource } from './models/submission';

/** A cell, by its identifier or by its position, which counts from 1. */
export interface ICellAddress {
  cellId?: string | null;
  cell?: number | null;
}

/** Follows the notebook that the user works in. */
export class CurrentNotebook implements INotebookSource, IDisposable {
  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.currentChanged.connect(this._onCurrentChanged, this);
    this._onCurrentChanged();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get contentChanged(): ISignal<this, void> {
    return this._contentChanged;
  }

  get current(): INotebookSource['current'] {
    const panel = this._panel;
    if (!panel || panel.isDisposed) {
      return null;
    }
    const { path, model } = panel.context;
    return { path, name: PathExt.basename(path), isDirty: model.dirty };
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

  /** The notebook as shown, without outputs; nothing is saved. */
  async content(): Promise<INotebookContent> {
    const panel = this._panel;
    if (!panel) {
      throw new Error('There is no open notebook.');
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
  find(address: { path?: string; name?: string }): NotebookPanel | undefined {
    const { path, name } = address;
    return (
      this._tracker.find(panel => panel.context.path === path) ??
      this._tracker.find(
        panel => PathExt.basename(panel.context.path) === (name ?? path)
      )
    );
  }

  private _onCurrentChanged(): void {
    const panel = this._tracker.currentWidget;
    if (panel === this._panel) {
      return;
    }
    const old = this._panel;
    if (old && !old.isDisposed) {
      old.context.pathChanged.disconnect(this._emitChanged, this);
      old.context.fileChanged.disconnect(this._emitContent, this);
      old.context.model.stateChanged.disconnect(this._emitChanged, this);
      old.context.model.contentChanged.disconnect(this._emitContent, this);
    }
    this._panel = panel;
    if (panel) {
      panel.context.pathChanged.connect(this._emitChanged, this);
      panel.context.fileChanged.connect(this._emitContent, this);
      panel.context.model.stateChanged.connect(this._emitChanged, this);
      panel.context.model.contentChanged.connect(this._emitContent, this);
    }
    this._changed.emit();
  }

  private _emitChanged(): void {
    this._changed.emit();
  }

  private _emitContent(): void {
    this._contentChanged.emit();
  }

  private _changed = new Signal<this, void>(this);
  private _contentChanged = new Signal<this, void>(this);
  private _isDisposed = false;
  private _panel: NotebookPanel | null = null;
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
