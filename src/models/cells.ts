/**
 * What is in the cells of a notebook.
 */
import type { ICell } from '@jupyterlab/nbformat';

/** A cell's source, which a file may keep as a list of lines. */
export function textOf({ source }: Pick<ICell, 'source'>): string {
  return Array.isArray(source) ? source.join('') : source;
}
