import type { INotebookContent } from '@jupyterlab/nbformat';
import type { IStateDB } from '@jupyterlab/statedb';
import { JSONExt, JSONObject } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import type {
  IBenchmarkDetail,
  ICheckAnswer,
  ICheckRequest,
  IExport,
  IParameter,
  IProblem,
  IRun
} from '../protocol';
import { RobError, RobService } from '../service';
import { Model } from './model';
import {
  defaultArguments,
  formParameters,
  invalidParameters
} from './parameters';

/** The notebook that would be submitted. */
export interface INotebookSource {
  /** Emitted when it is another one, or its name or saved state has changed. */
  readonly changed: ISignal<this, void>;
  /** Emitted when what would be sent may have changed. */
  readonly contentChanged: ISignal<this, void>;
  readonly current: { path: string; name: string; isDirty: boolean } | null;
  /** The notebook as shown, unsaved edits included. */
  content(): Promise<INotebookContent>;
}

/** Why a notebook can't be submitted now. */
export type Blocker = 'benchmark' | 'notebook' | 'parameters' | 'busy';

/** Milliseconds without a change after which the notebook is checked. */
const CHECK_DELAY = 700;

/** What would be submitted to a benchmark, and under which name. */
export class SubmissionModel extends Model {
  constructor(private readonly _options: SubmissionModel.IOptions) {
    super();
    const { notebook } = _options;
    notebook.changed.connect(this._onNotebookChanged, this);
    notebook.contentChanged.connect(this._onContentChanged, this);
  }

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
        !this._refusal.some(({ message }) => message === problem.message)
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
    this._forgetCheck();
    this.changed();
    const saved = isSame ? null : benchmark && (await this._load(benchmark.id));
    if (this.isDisposed || this._benchmark !== benchmark) {
      return;
    }
    if (saved) {
      this._name = saved.submission || username;
      this._give(parameters, saved.arguments);
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
    try {
      checked = await this._options.service.check(await this._makeRequest());
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
      this.changed();
    }
  }

  /** Submit the notebook as shown; what is refused becomes `problems`. */
  async submit(): Promise<IRun> {
    if (this._isSubmitting) {
      throw new Error('There is nothing to submit.');
    }
    this._isSubmitting = true;
    this._refusal = [];
    this.changed();
    try {
      const run = await this._options.service.submit({
        ...(await this._makeRequest()),
        submission: this._name.trim() || undefined
      });
      this._problems = this._problems.filter(
        ({ severity }) => severity === 'warning'
      );
      return run;
    } catch (reason) {
      this._refusal = isLoginRequired(reason) ? [] : toProblems(reason);
      throw reason;
    } finally {
      this._isSubmitting = false;
      this.changed();
    }
  }

  /** The notebook as shown, for the benchmark. */
  private async _makeRequest(): Promise<ICheckRequest> {
    const { _benchmark: benchmark, notebook } = this;
    if (!benchmark || !notebook) {
      throw new Error('There is nothing to submit.');
    }
    const content = await this._options.notebook.content();
    return {
      benchmark: benchmark.id,
      notebook: { name: notebook.name, content },
      arguments: this._arguments
    };
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

  private _forgetCheck(): void {
    this._request++;
    this._checked = null;
    this._problems = [];
    this._refusal = [];
  }

  private _onContentChanged(): void {
    if (this._refusal.length > 0) {
      this._refusal = [];
      this.changed();
    }
    this._scheduleCheck();
  }

  private _onNotebookChanged(): void {
    const path = this.notebook?.path ?? null;
    if (path !== this._path) {
      this._path = path;
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

  private async _load(id: string): Promise<ISaved | undefined> {
    const value = await this._options.state?.fetch(stateKey(id));
    const saved = value as Partial<ISaved> | undefined;
    return saved?.arguments
      ? { submission: saved.submission ?? '', arguments: saved.arguments }
      : undefined;
  }

  private _save(): void {
    if (this._benchmark) {
      void this._options.state?.save(stateKey(this._benchmark.id), {
        // Someone else's default is another one.
        submission: this._name === this._username ? '' : this._name,
        arguments: this._arguments
      });
    }
  }

  private _arguments: JSONObject = {};
  private _benchmark: IBenchmarkDetail | null = null;
  private _checked: ICheckAnswer | null = null;
  private _debouncer = new Debouncer(() => this.check(), CHECK_DELAY);
  private _isChecking = false;
  private _isSubmitting = false;
  private _name = '';
  private _path: string | null = null;
  private _problems: readonly IProblem[] = [];
  private _refusal: readonly IProblem[] = [];
  private _request = 0;
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

interface ISaved {
  submission: string;
  arguments: JSONObject;
}

function stateKey(benchmark: string): string {
  return `jupyterlab-rob:benchmark:${benchmark}`;
}

function isLoginRequired(reason: unknown): boolean {
  return reason instanceof RobError && reason.loginRequired;
}

function toProblems(reason: unknown): readonly IProblem[] {
  if (reason instanceof RobError && reason.problems.length > 0) {
    return reason.problems;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return [{ severity: 'error', message }];
}
