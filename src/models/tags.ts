/**
 * The tags by which a notebook is split among the steps of a benchmark.
 */
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { PartialJSONValue } from '@lumino/coreutils';

/** The tag of the cells for a parameter. */
export function tagOf(parameter: string): string {
  return `rob:${parameter}`;
}

/** The tags in a cell's metadata; what is there but no text is none. */
export function tagsOf(
  metadata: { tags?: PartialJSONValue } | undefined
): readonly string[] {
  const tags = metadata?.tags;
  return Array.isArray(tags)
    ? tags.filter((tag): tag is string => typeof tag === 'string')
    : [];
}

/** The parameters for which no code cell of a notebook is tagged. */
export function untagged(
  notebook: INotebookContent,
  parameters: readonly string[]
): string[] {
  const cells = notebook.cells.filter(cell => cell.cell_type === 'code');
  const tags = new Set(cells.flatMap(({ metadata }) => tagsOf(metadata)));
  return parameters.filter(name => !tags.has(tagOf(name)));
}
