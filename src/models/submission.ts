import type { IStateDB } from '@jupyterlab/statedb';
import { JSONExt, JSONObject } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';
import type {
  IBenchmarkDetail,
  ICheckAnswer,
  ICheckRequest,
  IExport,
  IParameter,
  IProblem,
  IRun
} from '../protocol';
import type { RobService } from '../service';
import { LastChoices } from './lastchoices';
import { Model } from './model';
import {
  defaultArguments,
  formParameters,
  invalidParameters,
  notebookParameters
} from './parameters';
import { isLoginRequired, toProblems } from './problems';
import { CURRENT, INotebookSource, SourcesModel } from './sources';
import { untagged } from './tags';

/** Why a notebook can't be submitted now. */
export type Blocker =
  'benchmark' | 'notebook' | 'notebooks' | 'parameters' | 'busy';

/** Milliseconds without a change after which the notebook is checked. */
const CHECK_DELAY = 700;

/** What would be submitted to a benchmark, and under which name. */
export class SubmissionModel extends Model {
  constructor(private readonly _options: SubmissionModel.IOptions) {
    super();
    const { notebook } = _options;
    this._last = new LastChoices(_options.state);
    this.sources = new SourcesModel(notebook);
    notebook.changed.connect(this._onSourcesChanged, this);
    notebook.contentChanged.connect(this._onContentChanged, this);
    this.sources.stateChanged.connect(this._onSourcesChanged, this);
    this.sources.chosen.connect(this._save, this);
  }

  /** Which notebooks are sent. */
  readonly sources: SourcesModel;

  get benchmark(): IBenchmarkDetail | null {
    return this._benchmark;
  }

  get notebook(): INotebookSource['current'] {
    return this._options.notebook.current;
  }

  /** The submission's name. */
  get name(): string {
    return this._name;
  }

  set name(name: string) {
    this._name = name;
    this._refusal = [];
    this._save();
    this.changed();
  }

  /** The name that the service will use: the user's when none is given. */
  get effectiveName(): string {
    return this._name.trim() || this._username;
  }

  get arguments(): JSONObject {
    return this._arguments;
  }

  set arguments(values: JSONObject) {
    if (JSONExt.deepEqual(values, this._arguments)) {
      return;
    }
    this._arguments = values;
    this._refusal = [];
    this._problems = this._problems.filter(({ parameter }) => !parameter);
    this._save();
    this.changed();
    this._scheduleCheck();
  }

  /** The answer of the last check, null when it is not known. */
  get checked(): ICheckAnswer | null {
    return this._checked;
  }

  /** What the last submission was refused for, until what is sent changes. */
  get refusal(): readonly IProblem[] {
    return this._refusal;
  }

  /** All that stands against a submission, but for what the form itself marks. */
  get problems(): readonly IProblem[] {
    const invalid = new Set(this.invalid.map(({ name }) => name));
    const found = this._problems.filter(
      problem =>
        !this._refusal.some(
          ({ message, notebook }) =>
            message === problem.message && notebook === problem.notebook
        )
    );
    return [...this._refusal, ...found].filter(
      ({ parameter }) => !parameter || !invalid.has(parameter)
    );
  }

  /** The parameters whose values do not fit their declarations. */
  get invalid(): readonly IParameter[] {
    return this._benchmark
      ? invalidParameters(formParameters(this._benchmark), this._arguments)
      : [];
  }

  /** The parameters that no cell is for: a tag is missing. */
  get untagged(): readonly IParameter[] {
    return this.sources.parameters.filter(
      ({ name }) => this._untagged.includes(name) || this.cellsFor(name) === 0
    );
  }

  /** How many code cells a parameter is given of its notebook, null when it is not known. */
  cellsFor(parameter: string): number | null {
    const parts = this._checked?.parts;
    return parts?.find(part => part.parameter === parameter)?.cells ?? null;
  }

  get isSubmitting(): boolean {
    return this._isSubmitting;
  }

  get blocker(): Blocker | null {
    if (this._isSubmitting) {
      return 'busy';
    }
    if (!this._benchmark) {
      return 'benchmark';
    }
    if (!this.notebook) {
      return 'notebook';
    }
    if (this.sources.names.length === 0) {
      return 'notebooks';
    }
    return this.invalid.length > 0 ? 'parameters' : null;
  }

  /** Whether the notebook is checked when it changes. */
  get isChecking(): boolean {
    return this._isChecking;
  }

  set isChecking(value: boolean) {
    if (value !== this._isChecking) {
      this._isChecking = value;
      this._scheduleCheck();
    }
  }

  override dispose(): void {
    this._debouncer.dispose();
    this.sources.dispose();
    super.dispose();
  }

  /** Prepare for a benchmark, with the values that were used last. */
  async prepare(
    benchmark: IBenchmarkDetail | null,
    username: string
  ): Promise<void> {
    const isSame =
      this._benchmark?.id === benchmark?.id && this._username === username;
    const typed = isSame ? this._arguments : {};
    this._benchmark = benchmark;
    const parameters = benchmark ? formParameters(benchmark) : [];
    this._name = isSame ? this._name : username;
    this._username = username;
    this._arguments = defaultArguments(parameters);
    this._give(parameters, typed);
    const notebooks = benchmark ? notebookParameters(benchmark) : [];
    this.sources.prepare(notebooks, isSame ? this.sources.choices : {});
    this._forgetCheck();
    this.changed();
    const saved = isSame
      ? null
      : benchmark && (await this._last.load(benchmark.id));
    if (this.isDisposed || this._benchmark !== benchmark) {
      return;
    }
    if (saved) {
      this._name = saved.submission || username;
      this._give(parameters, saved.arguments);
      this.sources.prepare(notebooks, saved.notebooks);
      this._forgetCheck();
      this.changed();
    }
    this._scheduleCheck();
  }

  /** What a submission would upload now. */
  async export(): Promise<IExport> {
    return this._options.service.export(await this._makeRequest());
  }

  /** Ask what would be refused. */
  async check(): Promise<void> {
    if (!this._benchmark || !this.notebook) {
      return;
    }
    const request = ++this._request;
    let checked: ICheckAnswer | null = null;
    let problems: readonly IProblem[];
    let missing: readonly string[] = [];
    try {
      const sent = await this._makeRequest();
      missing = this._findUntagged(sent);
      checked = await this._options.service.check(sent);
      problems = checked.problems;
    } catch (reason) {
      if (isLoginRequired(reason)) {
        return;
      }
      problems = toProblems(reason);
    }
    if (!this.isDisposed && request === this._request) {
      this._checked = checked;
      this._problems = problems;
      this._untagged = missing;
      this.changed();
    }
  }

  /** Submit what is shown; what is refused becomes `problems`. */
  async submit(): Promise<IRun> {
    if (this._isSubmitting) {
      throw new Error('There is nothing to submit.');
    }
    this._isSubmitting = true;
    this._refusal = [];
    this.changed();
    const submission = this._name.trim() || undefined;
    const submitted = this._describe();
    // What is answered may be about something that was left meanwhile.
    const isShown = () =>
      !this.isDisposed && JSONExt.deepEqual(submitted, this._describe());
    try {
      const request = await this._makeRequest();
      const run = await this._options.service.submit({
        ...request,
        submission
      });
      if (isShown()) {
        this._problems = this._problems.filter(
          ({ severity }) => severity === 'warning'
        );
      }
      return run;
    } catch (reason) {
      if (isShown()) {
        this._refusal = isLoginRequired(reason) ? [] : toProblems(reason);
      }
      throw reason;
    } finally {
      this._isSubmitting = false;
      this.changed();
    }
  }

  /** The notebooks as shown, for the benchmark. */
  private async _makeRequest(): Promise<ICheckRequest> {
    const { _benchmark: benchmark, _arguments: values } = this;
    if (!benchmark) {
      throw new Error('There is nothing to submit.');
    }
    const notebooks = await this.sources.collect();
    return { benchmark: benchmark.id, ...notebooks, arguments: values };
  }

  /** What a refusal is about; equal as long as nothing of it has changed. */
  private _describe(): JSONObject {
    return {
      benchmark: this._benchmark?.id ?? null,
      sent: this._findSent(),
      edits: this._edits,
      arguments: this._arguments,
      name: this._name
    };
  }

  /** What a notebook that fills several parameters has no cells for. */
  private _findUntagged({ notebook }: ICheckRequest): string[] {
    const { shared } = this.sources;
    return notebook && shared.length > 1
      ? untagged(notebook.content, shared)
      : [];
  }

  /** Take the values that there are parameters for. */
  private _give(parameters: IParameter[], values: JSONObject): void {
    for (const { name } of parameters) {
      const value = values[name];
      if (value !== undefined) {
        this._arguments = { ...this._arguments, [name]: value };
      }
    }
  }

  /** The paths of what is sent, by parameter, and of the current notebook. */
  private _findSent(): JSONObject {
    return { ...this.sources.paths, [CURRENT]: this.notebook?.path ?? null };
  }

  private _forgetCheck(): void {
    this._request++;
    this._sent = this._findSent();
    this._checked = null;
    this._problems = [];
    this._refusal = [];
    this._untagged = [];
  }

  private _onContentChanged(_: unknown, path: string): void {
    if (!this.sources.uses(path)) {
      return;
    }
    this._edits++;
    if (this._refusal.length > 0) {
      this._refusal = [];
      this.changed();
    }
    this._scheduleCheck();
  }

  private _onSourcesChanged(): void {
    if (!JSONExt.deepEqual(this._findSent(), this._sent)) {
      this._forgetCheck();
      this._scheduleCheck();
    }
    this.changed();
  }

  private _scheduleCheck(): void {
    const isReady = this.blocker === null || this.blocker === 'parameters';
    if (this._isChecking && !this.isDisposed && isReady) {
      this._debouncer.invoke().catch(() => {
        // It was disposed of before its time.
      });
    }
  }

  private _save(): void {
    if (this._benchmark) {
      this._last.save(this._benchmark.id, {
        // Someone else's default is another one.
        submission: this._name === this._username ? '' : this._name,
        arguments: this._arguments,
        notebooks: this.sources.choices
      });
    }
  }

  private _arguments: JSONObject = {};
  private _benchmark: IBenchmarkDetail | null = null;
  private _checked: ICheckAnswer | null = null;
  private _debouncer = new Debouncer(() => this.check(), CHECK_DELAY);
  /** How often what is sent was edited. */
  private _edits = 0;
  private _isChecking = false;
  private _isSubmitting = false;
  private _last: LastChoices;
  private _name = '';
  private _problems: readonly IProblem[] = [];
  private _refusal: readonly IProblem[] = [];
  private _request = 0;
  /** What the last check is about. */
  private _sent: JSONObject = {};
  private _untagged: readonly string[] = [];
  private _username = '';
}

/** The namespace for the model's types. */
export namespace SubmissionModel {
  export interface IOptions {
    service: RobService;
    notebook: INotebookSource;
    /** Where the last choices are kept. */
    state: IStateDB | null;
  }
}
