/**
 * Tags of the cells that are selected in a notebook.
 */
import type { Notebook } from '@jupyterlab/notebook';
import { tagsOf } from './models/tags';

type Cell = Notebook['selectedCells'][number];

/** Whether all selected cells have a tag. */
export function isTagged(notebook: Notebook, tag: string): boolean {
  const cells = notebook.selectedCells;
  return cells.length > 0 && cells.every(cell => has(cell, tag));
}

/** Tag the selected cells, or take the tag off when all have it. */
export function toggleTag(notebook: Notebook, tag: string): void {
  const isOn = isTagged(notebook, tag);
  for (const { model } of notebook.selectedCells) {
    const others = tagsOf(model.metadata).filter(known => known !== tag);
    const tags = isOn ? others : [...others, tag];
    if (tags.length > 0) {
      model.setMetadata('tags', tags);
    } else {
      model.deleteMetadata('tags');
    }
  }
}

function has({ model }: Cell, tag: string): boolean {
  return tagsOf(model.metadata).includes(tag);
}
