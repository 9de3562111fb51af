import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { JSONExt, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DisposableSet } from '@lumino/disposable';
import { describe } from './commands';
import { tagOf } from './models/tags';
import { isTagged, toggleTag } from './tagging';
import { CommandIDs, IRob } from './tokens';

/** Behind what JupyterLab does with a cell, before what it does with the notebook. */
const RANK = 14;

/** Add the command that tags cells for a step, and offer it for each step that the chosen benchmark has. */
export function addTagCommands(
  app: JupyterFrontEnd,
  rob: IRob,
  palette: ICommandPalette | null,
  category: string,
  trans: TranslationBundle
): void {
  const { commands, contextMenu } = app;
  const { model, notebook } = rob;
  const { submission } = model;
  const { sources } = submission;

  commands.addCommand(CommandIDs.tagCell, {
    label: ({ parameter }) =>
      parameter === undefined
        ? trans.__('Tag Cells for a ROB Step')
        : trans.__('ROB step: %1', sources.label(String(parameter))),
    caption: ({ parameter }) =>
      trans.__(
        'Tag the selected cells %1, or take the tag off',
        tagOf(String(parameter))
      ),
    describedBy: describe({
      parameter: "The benchmark's parameter that the cells are for"
    }),
    isVisible: isOffered,
    isEnabled: args =>
      isOffered(args) && notebook.panel?.content.model?.readOnly === false,
    isToggleable: true,
    isToggled: ({ parameter }) =>
      notebook.panel !== null &&
      isTagged(notebook.panel.content, tagOf(String(parameter))),
    execute: ({ parameter }) => {
      if (notebook.panel) {
        toggleTag(notebook.panel.content, tagOf(String(parameter)));
      }
    }
  });

  let offered: string[] = [];
  let items = new DisposableSet();
  submission.stateChanged.connect(() => {
    const names = sources.hasSeveral
      ? sources.parameters.map(({ name }) => name)
      : [];
    if (JSONExt.deepEqual(names, offered)) {
      return;
    }
    offered = names;
    items.dispose();
    items = new DisposableSet();
    const place = { selector: '.jp-Notebook .jp-Cell', rank: RANK };
    const command = CommandIDs.tagCell;
    if (names.length > 0) {
      items.add(contextMenu.addItem({ ...place, type: 'separator' }));
    }
    for (const parameter of names) {
      const item = { command, args: { parameter } };
      items.add(contextMenu.addItem({ ...place, ...item }));
      const inPalette = palette?.addItem({ ...item, category });
      if (inPalette) {
        items.add(inPalette);
      }
    }
  });

  function isOffered({ parameter }: ReadonlyPartialJSONObject): boolean {
    return (
      sources.hasSeveral &&
      sources.parameters.some(({ name }) => name === parameter)
    );
  }
}
