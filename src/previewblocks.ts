/**
 * What is sent, cut into the blocks that a preview shows.
 */
import type { ICell, INotebookContent } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { textOf } from './models/cells';
import { tagOf, tagsOf } from './models/tags';
import type { IExport } from './protocol';

/** A cell, or a whole script. */
export interface IBlock {
  label: string;
  /** Null where cells are left out. */
  source: string | null;
  mimeType: string;
}

/**
 * A script is one block; of a notebook each cell is one.
 *
 * @param isPart Whether cells for other steps are left out: what is empty of those is one block.
 */
export function toBlocks(
  answer: Pick<IExport, 'content' | 'format'>,
  trans: TranslationBundle,
  isPart = false
): IBlock[] {
  const { content, format } = answer;
  const whole = { label: '', source: content };
  if (format === 'script') {
    return [{ ...whole, mimeType: 'text/x-python' }];
  }
  let notebook: INotebookContent;
  try {
    notebook = JSON.parse(content) as INotebookContent;
  } catch {
    return [{ ...whole, mimeType: 'text/plain' }];
  }
  const language = notebook.metadata?.language_info;
  const code = language?.mimetype ?? 'text/x-python';
  const cells = notebook.cells ?? [];
  const blocks: IBlock[] = [];
  for (let index = 0; index < cells.length; index++) {
    const cell = cells[index];
    let last = index;
    while (isPart && last < cells.length && isLeftOut(cells[last])) {
      last++;
    }
    if (last > index) {
      blocks.push({
        label:
          last === index + 1
            ? trans.__('Cell %1 is for another step', last)
            : trans.__('Cells %1 to %2 are for another step', index + 1, last),
        source: null,
        mimeType: ''
      });
      index = last - 1;
    } else {
      blocks.push({
        label: trans.__('Cell %1 (%2)', index + 1, String(cell.cell_type)),
        source: textOf(cell),
        mimeType: mimeTypeOf(cell, code)
      });
    }
  }
  return blocks;
}

/** A cell that only has its place, so that those after it keep their numbers. */
function isLeftOut(cell: ICell): boolean {
  const isTagged = tagsOf(cell.metadata).some(tag => tag.startsWith(tagOf('')));
  return cell.cell_type === 'raw' && isTagged && textOf(cell) === '';
}

function mimeTypeOf({ cell_type: type }: ICell, code: string): string {
  return type === 'code'
    ? code
    : type === 'markdown'
      ? 'text/x-ipythongfm'
      : 'text/plain';
}
