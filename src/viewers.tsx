/**
 * What opens in the main area beside the leaderboard.
 */
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  ReactWidget,
  refreshIcon,
  ToolbarButton
} from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import React, { useEffect, useState } from 'react';
import { robIcon } from './icons';
import type { IBenchmarkDetail } from './protocol';

/** A benchmark's instructions, rendered as Markdown that is not trusted. */
export async function createInstructions(
  benchmark: IBenchmarkDetail,
  rendermime: IRenderMimeRegistry,
  trans: TranslationBundle
): Promise<Widget> {
  const text =
    benchmark.instructions ||
    benchmark.description ||
    trans.__('This benchmark has no instructions.');
  const mimeType = 'text/markdown';
  const content = rendermime.createRenderer(mimeType);
  await content.renderModel(
    rendermime.createModel({ data: { [mimeType]: text }, trusted: false })
  );
  content.addClass('jp-RobInstructions');
  const widget = new MainAreaWidget({ content });
  widget.title.label = trans.__('Instructions: %1', benchmark.name);
  widget.toolbar.hide();
  return decorate(widget);
}

/** The log of the run, or of the benchmark's post-processing, called `name`. */
export function createLog(
  name: string,
  load: () => Promise<string>,
  trans: TranslationBundle
): Widget {
  const content = new LogContent(load);
  const widget = new MainAreaWidget({ content });
  widget.title.label = trans.__('Log of %1', name);
  widget.toolbar.addItem(
    'refresh',
    new ToolbarButton({
      icon: refreshIcon,
      tooltip: trans.__('Refresh the log'),
      onClick: () => content.update()
    })
  );
  return decorate(widget);
}

/** Loads its text whenever it is updated. */
class LogContent extends ReactWidget {
  constructor(private readonly _load: () => Promise<string>) {
    super();
    this.addClass('jp-RobLog');
  }

  protected override render(): JSX.Element {
    return <Log load={() => this._load()} />;
  }
}

function Log(props: { load: () => Promise<string> }): JSX.Element {
  const { load } = props;
  const [text, setText] = useState('');
  useEffect(() => {
    let isWanted = true;
    load().then(
      log => isWanted && setText(log),
      (reason: Error) => isWanted && setText(reason.message)
    );
    return () => {
      isWanted = false;
    };
  }, [load]);
  return <pre tabIndex={0}>{text}</pre>;
}

function decorate(widget: Widget): Widget {
  widget.title.icon = robIcon;
  widget.title.closable = true;
  return widget;
}
