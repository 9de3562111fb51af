/**
 * The model behind the panel: which service, which benchmark, and the parts that follow from it.
 */
import type { Event } from '@jupyterlab/services';
import type { IStateDB } from '@jupyterlab/statedb';
import { JSONExt, ReadonlyJSONObject } from '@lumino/coreutils';
import { AccountModel } from './models/account';
import { LeaderboardModel } from './models/leaderboard';
import { Model } from './models/model';
import { INotebookAddress, IOrigin, originOf, Origins } from './models/origins';
import { PostprocessingModel } from './models/postprocessing';
import { ProtectionModel } from './models/protection';
import { RunsModel } from './models/runs';
import type { INotebookSource } from './models/sources';
import { SubmissionModel } from './models/submission';
import {
  IBenchmark,
  IBenchmarkDetail,
  IRun,
  IRunEvent,
  ISession,
  RUN_EVENT_SCHEMA
} from './protocol';
import { RobError, RobService } from './service';

const STATE_KEY = 'jupyterlab-rob:panel';

export class RobModel extends Model {
  constructor(options: RobModel.IOptions) {
    super();
    const { service, notebook, state, events } = options;
    this.service = service;
    this._state = state;
    this.account = new AccountModel(service);
    this.runs = new RunsModel(service);
    this.leaderboard = new LeaderboardModel(service, () =>
      this.account.can('pagination')
    );
    this.postprocessing = new PostprocessingModel(service);
    this.protection = new ProtectionModel(service, state);
    this.submission = new SubmissionModel({ service, notebook, state });
    this.account.stateChanged.connect(this._onAccountChanged, this);
    this.account.loggedIn.connect(this._onLoggedIn, this);
    this.runs.ended.connect(this._onEnded, this);
    events.connect(this._onEvent, this);
  }

  readonly service: RobService;
  readonly account: AccountModel;
  readonly runs: RunsModel;
  readonly leaderboard: LeaderboardModel;
  readonly postprocessing: PostprocessingModel;
  readonly protection: ProtectionModel;
  readonly submission: SubmissionModel;

  /** Null while there is no connection. */
  get session(): ISession | null {
    return this.account.session;
  }

  /** The notebook whose submission waits for a log-in. */
  get pending(): RobModel.IPending | null {
    return this._pending;
  }

  /** Null while nothing has been fetched. */
  get benchmarks(): readonly IBenchmark[] | null {
    return this._benchmarks;
  }

  /** The chosen benchmark. */
  get benchmark(): IBenchmarkDetail | null {
    return this._benchmark;
  }

  /** Why the service or the benchmark can't be used. */
  get error(): Error | null {
    return this._error;
  }

  get isConnecting(): boolean {
    return this._connecting !== null;
  }

  /** Whether someone looks; a model that nobody looks at asks for little. */
  get isVisible(): boolean {
    return this._isVisible;
  }

  set isVisible(value: boolean) {
    if (value === this._isVisible) {
      return;
    }
    this._isVisible = value;
    this._check();
    if (value) {
      void this.refresh();
    }
  }

  override dispose(): void {
    this.account.dispose();
    this.runs.dispose();
    this.leaderboard.dispose();
    this.postprocessing.dispose();
    this.protection.dispose();
    this.submission.dispose();
    super.dispose();
  }

  /** Find the service and its benchmarks; concurrent calls share one attempt. */
  connect(): Promise<void> {
    if (this._benchmarks && !this._error && !this.account.needsLogin) {
      return Promise.resolve();
    }
    if (!this._connecting) {
      this._connecting = this._connect().finally(() => {
        this._connecting = null;
        this.changed();
      });
      this.changed();
    }
    return this._connecting;
  }

  /** Choose a benchmark, by its identifier. */
  async select(id: string): Promise<void> {
    if (id !== this._benchmark?.id) {
      void this._state?.save(STATE_KEY, { benchmark: id });
    }
    await this._load(id);
    await Promise.all([this.runs.refresh(), this.leaderboard.refresh()]);
  }

  /** Bring everything up to date. */
  async refresh(): Promise<void> {
    await this.connect();
    if (!this.account.needsLogin) {
      await Promise.all([this.runs.refresh(), this.leaderboard.refresh()]);
    }
  }

  /** Submit what is shown to the chosen benchmark; when that takes a log-in, again after it. */
  async submit(): Promise<IRun> {
    const { benchmark, sources } = this.submission;
    const origin = originOf(sources);
    const name = sources.names.join(', ');
    this._pending = null;
    try {
      if (this.account.needsLogin) {
        throw new RobError('A log-in is needed.', 403, [], true);
      }
      const run = await this.submission.submit();
      if (!this.isDisposed) {
        if (origin) {
          this._origins.set(run.id, origin);
        }
        this.runs.update(run);
        this._addGroup(run);
        void this.protection.pass();
      }
      return run;
    } catch (reason) {
      if (this.account.needsLogin && origin && benchmark) {
        this._pending = { name, origin, benchmark: benchmark.id };
        this.account.call();
      }
      throw reason;
    }
  }

  /** Submit nothing after the log-in. */
  dropPending(): void {
    this._pending = null;
    this.changed();
  }

  /** Log out, and forget what was the user's. */
  async logOut(): Promise<void> {
    await this.account.logOut();
    if (!this.isDisposed) {
      this._forget();
    }
  }

  /** Where the current notebook was when a run was submitted, if it was from here. */
  pathOf(run: string): string | undefined {
    return this._origins.get(run)?.current;
  }

  /** The notebook in which a run has failed; null where that is none of the user's. */
  failedIn(run: IRun): INotebookAddress | null {
    return this._origins.find(run, this._benchmark);
  }

  /** The benchmark may have been changed elsewhere: my submissions, its version, its plots. */
  async refreshBenchmark(): Promise<void> {
    const id = this._benchmark?.id;
    if (id === undefined) {
      return;
    }
    const fresh = await this.service.benchmark(id).catch(() => null);
    if (fresh && !this.isDisposed && this._benchmark?.id === id) {
      // The rest stays: who fills in its form is not to lose anything.
      const { groups, version } = fresh;
      this._benchmark = { ...this._benchmark, groups, version };
      this.postprocessing.take(fresh);
      this.changed();
    }
  }

  private async _connect(): Promise<void> {
    try {
      const session = await this.service.session();
      if (this.isDisposed) {
        return;
      }
      this.account.take(session);
      this._error = null;
      if (this.account.needsLogin) {
        return;
      }
      if (this._user !== session.username) {
        this._forget();
        this._user = session.username;
      }
      void this.protection.refresh(session);
      const benchmarks = await this.service.benchmarks();
      const saved = await this._state?.fetch(STATE_KEY);
      if (this.isDisposed) {
        return;
      }
      this._benchmarks = benchmarks;
      this.changed();
      const last = (saved as ReadonlyJSONObject | undefined)?.benchmark;
      const chosen =
        benchmarks.find(({ id }) => id === (this._benchmark?.id ?? last)) ??
        (benchmarks.length === 1 ? benchmarks[0] : undefined);
      if (chosen) {
        await this._load(chosen.id);
      }
    } catch (reason) {
      this._error = this.account.needsLogin ? null : (reason as Error);
    }
  }

  private async _load(id: string): Promise<void> {
    const request = ++this._request;
    let benchmark: IBenchmarkDetail | null = null;
    let error: Error | null = null;
    try {
      benchmark = await this.service.benchmark(id);
    } catch (reason) {
      error = this.account.needsLogin ? null : (reason as Error);
    }
    if (this.isDisposed || request !== this._request) {
      return;
    }
    this._error = error;
    if (benchmark) {
      this._benchmark = benchmark;
      this.runs.benchmark = benchmark.id;
      this.leaderboard.benchmark = benchmark.id;
      this.postprocessing.take(benchmark);
      await this.submission.prepare(benchmark, this.session?.username ?? '');
    }
    this.changed();
  }

  /** What was fetched belongs to a user who is no longer there. */
  private _forget(): void {
    this._request++;
    this._user = null;
    this._pending = null;
    this._benchmarks = null;
    this._benchmark = null;
    this.runs.benchmark = null;
    this.leaderboard.benchmark = null;
    this.postprocessing.benchmark = null;
    void this.submission.prepare(null, '');
    this.changed();
  }

  private _check(): void {
    this.submission.isChecking = this._isVisible && !this.account.needsLogin;
  }

  private _onAccountChanged(): void {
    if (this.account.needsLogin) {
      this.runs.pause();
    }
    this._check();
    this.changed();
  }

  private async _onLoggedIn(): Promise<void> {
    // One that began before the log-in ends without benchmarks.
    await this._connecting;
    if (this._user !== this.session?.username) {
      this._forget();
    }
    await this.connect();
    const origin = originOf(this.submission.sources);
    const pending = this._pending;
    this._pending = null;
    if (
      pending &&
      JSONExt.deepEqual({ ...pending.origin }, { ...origin }) &&
      pending.benchmark === this._benchmark?.id
    ) {
      await this.submit().catch(() => {
        // The panel tells what is wrong.
      });
    }
    await Promise.all([this.refresh(), this.refreshBenchmark()]);
  }

  /** A submission may have been made for the run. */
  private _addGroup(run: IRun): void {
    const { _benchmark: benchmark } = this;
    if (
      benchmark?.id !== run.workflowId ||
      benchmark.groups.some(({ id }) => id === run.groupId)
    ) {
      return;
    }
    const group = { id: run.groupId, name: run.groupName ?? run.groupId };
    this._benchmark = { ...benchmark, groups: [...benchmark.groups, group] };
    this.changed();
  }

  private _onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id !== RUN_EVENT_SCHEMA) {
      return;
    }
    const event = emission as unknown as IRunEvent;
    this.runs.receive(event).catch(() => {
      // An event is a hint; the slow poll tells what is wrong.
    });
  }

  private _onEnded(_: RunsModel, run: IRun): void {
    if (run.workflowId === this._benchmark?.id) {
      void this.runs.refresh();
      void this.leaderboard.refresh();
      void this.refreshBenchmark();
      if (run.state === 'SUCCESS') {
        this.postprocessing.follow();
      }
    }
  }

  private _benchmark: IBenchmarkDetail | null = null;
  private _benchmarks: readonly IBenchmark[] | null = null;
  private _connecting: Promise<void> | null = null;
  private _error: Error | null = null;
  private _isVisible = false;
  private _origins = new Origins();
  private _pending: RobModel.IPending | null = null;
  private _request = 0;
  private _state: IStateDB | null;
  private _user: string | null = null;
}

/** The namespace for the model's types. */
export namespace RobModel {
  export interface IOptions {
    service: RobService;
    notebook: INotebookSource;
    /** Jupyter's event stream. */
    events: Event.Stream;
    /** Where the last choices are kept. */
    state: IStateDB | null;
  }

  export interface IPending {
    /** Of the notebooks, for the reader. */
    name: string;
    origin: IOrigin;
    /** The identifier of the benchmark. */
    benchmark: string;
  }
}
