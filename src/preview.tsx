/**
 * What a submission would upload, to look at before it is sent.
 */
import { MainAreaWidget } from '@jupyterlab/apputils';
import {
  CodeEditor,
  CodeEditorWrapper,
  IEditorServices
} from '@jupyterlab/codeeditor';
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Panel, Widget } from '@lumino/widgets';
import React from 'react';
import { shortHash } from './format';
import { robIcon } from './icons';
import { Problems } from './panels/problems';
import type { IExport, IProblem } from './protocol';
import { RobError } from './service';
import { CommandIDs } from './tokens';

/** A part of a preview: a cell or a whole script. */
interface IPart {
  label: string;
  source: string;
  mimeType: string;
}

/** A tab of the main area that shows a script, or a notebook's cells, to read only. */
export class PreviewWidget extends MainAreaWidget<Panel> {
  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _editors: IEditorServices | null,
    private readonly _trans: TranslationBundle
  ) {
    super({ content: new Panel() });
    this.content.addClass('jp-RobPreview');
    this.title.icon = robIcon;
    this.title.closable = true;
    this.toolbar.hide();
  }

  /** Show what would be uploaded for a notebook, or why it would be refused. */
  async load(
    notebook: { path: string; name: string },
    ask: () => Promise<IExport>
  ): Promise<void> {
    const request = ++this._request;
    this.title.label = this._trans.__('%1 — preview', notebook.name);
    let answer: IExport | null = null;
    let problems: readonly IProblem[];
    let message = '';
    try {
      answer = await ask();
      problems = answer.problems ?? [];
    } catch (reason) {
      message = (reason as Error).message;
      problems = reason instanceof RobError ? reason.problems : [];
    }
    if (this.isDisposed || request !== this._request) {
      return;
    }
    for (const widget of [...this.content.widgets]) {
      widget.dispose();
    }
    const summary = ReactWidget.create(
      <Summary
        answer={answer}
        message={message}
        problems={problems}
        path={notebook.path}
        commands={this._commands}
        trans={this._trans}
      />
    );
    summary.addClass('jp-RobPreview-summary');
    this.content.addWidget(summary);
    if (answer) {
      this.title.label = this._trans.__('%1 — preview', answer.name);
      for (const part of toParts(answer, this._trans)) {
        this._addPart(part);
      }
    }
  }

  private _addPart(part: IPart): void {
    const { label, source, mimeType } = part;
    if (label) {
      const title = new Widget({ node: document.createElement('h2') });
      title.node.textContent = label;
      this.content.addWidget(title);
    }
    if (!this._editors) {
      const text = new Widget({ node: document.createElement('pre') });
      text.node.textContent = source;
      text.node.tabIndex = 0;
      this.content.addWidget(text);
      return;
    }
    const model = new CodeEditor.Model({ mimeType });
    model.sharedModel.setSource(source);
    const { factoryService } = this._editors;
    const editor = new CodeEditorWrapper({
      model,
      factory: options => factoryService.newInlineEditor(options),
      editorOptions: {
        config: { readOnly: true, lineNumbers: true, lineWrap: true }
      }
    });
    editor.addClass('jp-RobPreview-editor');
    editor.disposed.connect(() => model.dispose());
    this.content.addWidget(editor);
  }

  private _request = 0;
}

/** What the parts below are, and what stands against sending them. */
function Summary(props: {
  answer: IExport | null;
  /** Why there is nothing to show. */
  message: string;
  problems: readonly IProblem[];
  path: string;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { answer, message, problems, path, commands, trans } = props;
  return (
    <>
      {answer ? (
        <>
          <h1>{answer.name}</h1>
          <p className="jp-RobHint">
            {answer.format === 'script'
              ? trans.__(
                  'This script is made of the notebook and sent as it is here.'
                )
              : trans.__(
                  'The notebook is sent with these cells, without its outputs.'
                )}{' '}
            <code title={trans.__('SHA-256 %1', answer.sha256)}>
              {shortHash(answer.sha256 ?? '')}
            </code>
          </p>
        </>
      ) : (
        <>
          <h1>{trans.__('This notebook would be refused')}</h1>
          {problems.length === 0 && (
            <p className="jp-RobPreview-error" role="alert">
              {message}
            </p>
          )}
        </>
      )}
      <Problems
        problems={problems}
        isAlert={!answer}
        trans={trans}
        onShow={cell =>
          void commands.execute(CommandIDs.showCell, { path, cell })
        }
      />
    </>
  );
}

/** A script is one part; of a notebook each cell is one. */
function toParts(answer: IExport, trans: TranslationBundle): IPart[] {
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
  return (notebook.cells ?? []).map(({ cell_type: type, source }, index) => ({
    label: trans.__('Cell %1 (%2)', index + 1, String(type)),
    source: Array.isArray(source) ? source.join('') : source,
    mimeType:
      type === 'code'
        ? code
        : type === 'markdown'
          ? 'text/x-ipythongfm'
          : 'text/plain'
  }));
}
