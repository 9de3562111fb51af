/**
 * What a submission would upload, to look at before it is sent.
 */
import { MainAreaWidget } from '@jupyterlab/apputils';
import {
  CodeEditor,
  CodeEditorWrapper,
  IEditorServices
} from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { Panel, Widget } from '@lumino/widgets';
import React from 'react';
import { shortHash } from './format';
import { robIcon } from './icons';
import { Problems } from './panels/problems';
import { IBlock, toBlocks } from './previewblocks';
import type { IExport, IExportedPart, IProblem } from './protocol';
import { RobError } from './service';
import { CommandIDs } from './tokens';

/** What a preview is of. */
export interface IPreviewed {
  /** Of the notebooks. */
  name: string;
  /** Of the notebook that a problem is about, unless it tells. */
  path: string;
  /** The parameters that get notebooks; empty where there is only one. */
  steps: { parameter: string; label: string; path: string }[];
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

  /** Show what would be uploaded, or why it would be refused. */
  async load(
    previewed: IPreviewed,
    ask: () => Promise<IExport>
  ): Promise<void> {
    const request = ++this._request;
    this.title.label = this._trans.__('%1 — preview', previewed.name);
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
        previewed={previewed}
        commands={this._commands}
        trans={this._trans}
      />
    );
    summary.addClass('jp-RobPreview-summary');
    this.content.addWidget(summary);
    if (answer) {
      const parts = answer.parts ?? [];
      if (parts.length > 1) {
        parts.forEach(part => this._addPart(part, previewed));
      } else {
        this.title.label = this._trans.__('%1 — preview', answer.name);
        // Of several steps there may be one that is sent a notebook.
        const isPart = previewed.steps.length > 1;
        for (const block of toBlocks(answer, this._trans, isPart)) {
          this._addBlock(block);
        }
      }
    }
  }

  private _addPart(part: IExportedPart, previewed: IPreviewed): void {
    const heading = ReactWidget.create(
      <>
        <h2>{`${labelIn(previewed, part.parameter)}: ${part.name}`}</h2>
        <p className="jp-RobHint">
          <Form part={part} trans={this._trans} />
        </p>
      </>
    );
    heading.addClass('jp-RobPreview-part');
    this.content.addWidget(heading);
    for (const block of toBlocks(part, this._trans, true)) {
      this._addBlock(block, 'h3');
    }
  }

  private _addBlock(block: IBlock, heading: 'h2' | 'h3' = 'h2'): void {
    const { label, source, mimeType } = block;
    if (label) {
      const title = new Widget({ node: document.createElement(heading) });
      title.node.textContent = label;
      title.addClass('jp-RobPreview-label');
      this.content.addWidget(title);
    }
    if (source === null) {
      return;
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

/** What is below, and what stands against sending them. */
function Summary(props: {
  answer: IExport | null;
  /** Why there is nothing to show. */
  message: string;
  problems: readonly IProblem[];
  previewed: IPreviewed;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { answer, message, problems, previewed, commands, trans } = props;
  const { steps } = previewed;
  const isSplit = (answer?.parts ?? []).length > 1;
  const title = isSplit ? previewed.name : answer?.name;
  return (
    <>
      {answer ? (
        <>
          <h1>{title}</h1>
          <p className="jp-RobHint">
            {isSplit ? (
              trans.__('Each step is sent what is below its name.')
            ) : (
              <Form part={answer} trans={trans} />
            )}
          </p>
        </>
      ) : (
        <>
          <h1>
            {steps.length > 1
              ? trans.__('This submission would be refused')
              : trans.__('This notebook would be refused')}
          </h1>
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
        nameStep={parameter => labelIn(previewed, parameter)}
        onShow={({ cell, notebook }) => {
          const step = steps.find(({ parameter }) => parameter === notebook);
          void commands.execute(CommandIDs.showCell, {
            path: step?.path ?? previewed.path,
            cell: cell ?? 0
          });
        }}
      />
    </>
  );
}

/** In which form something is sent, and by which hash it is known. */
function Form(props: {
  part: Pick<IExport, 'format' | 'sha256'>;
  trans: TranslationBundle;
}): JSX.Element {
  const { part, trans } = props;
  return (
    <>
      {part.format === 'script'
        ? trans.__(
            'This script is made of the notebook and sent as it is here.'
          )
        : trans.__(
            'The notebook is sent with these cells, without its outputs.'
          )}{' '}
      <code title={trans.__('SHA-256 %1', part.sha256)}>
        {shortHash(part.sha256 ?? '')}
      </code>
    </>
  );
}

function labelIn({ steps }: IPreviewed, parameter: string): string {
  const step = steps.find(known => known.parameter === parameter);
  return step?.label ?? parameter;
}
