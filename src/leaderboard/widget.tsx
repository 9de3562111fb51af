import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import { robIcon } from '../icons';
import type { RobModel } from '../model';
import { LeaderboardModel } from '../models/leaderboard';
import type { RunsModel } from '../models/runs';
import type { IBenchmarkDetail, IRun } from '../protocol';
import { LeaderboardTable } from './table';

/** A tab of the main area that shows a benchmark's whole leaderboard. */
export class LeaderboardWidget extends MainAreaWidget<ReactWidget> {
  constructor(
    rob: RobModel,
    benchmark: IBenchmarkDetail,
    trans: TranslationBundle
  ) {
    const model = new LeaderboardModel(rob.service);
    model.benchmark = benchmark.id;
    const content = ReactWidget.create(
      <LeaderboardTable
        title={trans.__('Leaderboard of %1', benchmark.name)}
        model={model}
        rob={rob}
        benchmark={benchmark}
        trans={trans}
      />
    );
    content.addClass('jp-RobLeaderboard');
    super({ content });
    this._model = model;
    this.title.label = trans.__('Leaderboard: %1', benchmark.name);
    this.title.icon = robIcon;
    this.toolbar.hide();
    this.title.closable = true;
    rob.runs.ended.connect(this._onEnded, this);
  }

  /** Bring the table up to date. */
  refresh(): Promise<void> {
    return this._model.refresh();
  }

  override dispose(): void {
    this._model.dispose();
    super.dispose();
  }

  private _onEnded(_: RunsModel, run: IRun): void {
    if (run.workflowId === this._model.benchmark) {
      void this._model.refresh();
    }
  }

  private _model: LeaderboardModel;
}
