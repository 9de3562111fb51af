import type { ICell, IError, INotebookContent } from '@jupyterlab/nbformat';
import { plainText } from '../format';
import type { ICause, IRun } from '../protocol';
import type { RobService } from '../service';
import { textOf } from './cells';
import { Model } from './model';
import { tagsOf } from './tags';

/** Bytes of an executed notebook beyond which it is not fetched for one cell. */
const LIMIT = 16e6;

/** Cells that papermill adds to a notebook. */
const ADDED = ['injected-parameters', 'papermill-error-cell-tag'];

/** The cell in which a run failed, as it was executed. */
export class FailedCellModel extends Model {
  constructor(private readonly _service: RobService) {
    super();
  }

  /** Null while it is not known, or can't be found. */
  get source(): string | null {
    return this._source;
  }

  /** The line that raised, which counts from 1; null when it is not known. */
  get line(): number | null {
    return this._line;
  }

  /** Look it up in the executed notebook; without it, nothing is shown. */
  async load(run: IRun): Promise<void> {
    const { cause } = run;
    if (!cause?.step || !(cause.cell || cause.cellId)) {
      return;
    }
    const notebook = await this._service
      .notebook(run.id, cause.step, LIMIT)
      .catch(() => null);
    const cell = notebook && findCell(notebook, cause);
    if (cell && !this.isDisposed) {
      this._source = textOf(cell);
      this._line = lineOf(cell, this._source);
      this.changed();
    }
  }

  private _line: number | null = null;
  private _source: string | null = null;
}

/** The cell that a cause means: by its identifier, else by what it raised, else by its number. */
function findCell(
  notebook: INotebookContent,
  cause: ICause
): ICell | undefined {
  const cells = notebook.cells ?? [];
  const submitted = cells.filter(
    ({ metadata }) => !tagsOf(metadata).some(tag => ADDED.includes(tag))
  );
  return (
    cells.find(({ id }) => id !== undefined && id === cause.cellId) ??
    cells.find(cell => cause.ename && errorOf(cell)?.ename === cause.ename) ??
    submitted[(cause.cell ?? 0) - 1]
  );
}

/** The line as IPython's traceback names it; other kernels name it otherwise. */
function lineOf(cell: ICell, source: string): number | null {
  const traceback = errorOf(cell)?.traceback;
  const text = Array.isArray(traceback) ? traceback.join('\n') : '';
  const count = String(cell.execution_count ?? '\\d+');
  const found = new RegExp(`Cell In\\s?\\[${count}\\], line (\\d+)`).exec(
    plainText(text)
  );
  const line = Number(found?.[1]);
  return line >= 1 && line <= source.split('\n').length ? line : null;
}

function errorOf(cell: ICell): IError | undefined {
  const outputs = Array.isArray(cell.outputs) ? cell.outputs : [];
  return (outputs as unknown as IError[]).find(
    output => output?.output_type === 'error'
  );
}
