import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';
import { robIcon } from '../icons';
import type { RobModel } from '../model';
import { LeaderboardPages } from '../models/leaderboardpages';
import { PostprocessingModel } from '../models/postprocessing';
import type { RunsModel } from '../models/runs';
import type { IBenchmarkDetail, IRun } from '../protocol';
import { LeaderboardPage } from './table';

/** A tab of the main area that shows a benchmark's whole leaderboard. */
export class LeaderboardWidget extends MainAreaWidget<ReactWidget> {
  constructor(
    rob: RobModel,
    benchmark: IBenchmarkDetail,
    trans: TranslationBundle
  ) {
    const model = new LeaderboardPages(rob.service, () =>
      rob.account.can('pagination')
    );
    model.benchmark = benchmark.id;
    const postprocessing = new PostprocessingModel(rob.service);
    postprocessing.take(benchmark);
    const content = ReactWidget.create(
      <LeaderboardPage
        title={trans.__('Leaderboard of %1', benchmark.name)}
        model={model}
        postprocessing={postprocessing}
        rob={rob}
        benchmark={benchmark}
        trans={trans}
      />
    );
    content.addClass('jp-RobLeaderboard');
    super({ content });
    this._model = model;
    this._postprocessing = postprocessing;
    this._rob = rob;
    this.title.label = trans.__('Leaderboard: %1', benchmark.name);
    this.title.icon = robIcon;
    this.toolbar.hide();
    this.title.closable = true;
    rob.runs.ended.connect(this._onEnded, this);
    rob.postprocessing.stateChanged.connect(
      postprocessing.adopt,
      postprocessing
    );
    rob.account.loggedIn.connect(this._onLoggedIn, this);
  }

  /** Bring the table and the plots up to date. */
  async refresh(): Promise<void> {
    await Promise.all([this._model.refresh(), this._postprocessing.refresh()]);
  }

  /** Scroll to the plots and tables, if there are any. */
  async showPlots(): Promise<void> {
    await this.content.renderPromise;
    const plots = this.node.querySelector<HTMLElement>('.jp-RobPlots');
    plots?.scrollIntoView({ block: 'start' });
    plots?.focus({ preventScroll: true });
  }

  override dispose(): void {
    this._model.dispose();
    this._postprocessing.dispose();
    super.dispose();
  }

  private _onEnded(_: RunsModel, run: IRun): void {
    if (run.workflowId === this._model.benchmark) {
      void this._model.refresh();
      // Those of the chosen benchmark are followed already.
      const isChosen = run.workflowId === this._rob.benchmark?.id;
      if (run.state === 'SUCCESS' && !isChosen) {
        this._postprocessing.follow();
      }
    }
  }

  private _onLoggedIn(): void {
    void this.refresh();
  }

  private _model: LeaderboardPages;
  private _postprocessing: PostprocessingModel;
  private _rob: RobModel;
}
