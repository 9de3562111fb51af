import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { IRun, IRunEvent, isActive } from '../protocol';
import type { RobService } from '../service';
import { merge, newer } from './merge';
import { Model } from './model';

/** Milliseconds without an event after which active runs are asked for. */
const QUIET = 10000;

/** My runs of one benchmark, newest first, kept up to date by events. */
export class RunsModel extends Model {
  constructor(private readonly _service: RobService) {
    super();
    this._poll = new Poll({
      auto: false,
      name: 'jupyterlab-rob:runs',
      factory: async () => {
        await this._fetch(false);
        this._follow();
      },
      frequency: { interval: QUIET, backoff: true, max: 6 * QUIET },
      standby: 'when-hidden'
    });
  }

  /** Null while nothing has been fetched. */
  get runs(): readonly IRun[] | null {
    return this._runs;
  }

  /** Why there are no runs, or why they may be old. */
  get error(): Error | null {
    return this._error;
  }

  /** Emitted once when a run has ended, whatever its benchmark. */
  get ended(): ISignal<this, IRun> {
    return this._ended;
  }

  get hasActive(): boolean {
    return (this._runs ?? []).some(isActive);
  }

  get benchmark(): string | null {
    return this._benchmark;
  }

  set benchmark(id: string | null) {
    if (id === this._benchmark) {
      return;
    }
    this._benchmark = id;
    this._runs = null;
    this._error = null;
    this._follow();
    this.changed();
  }

  override dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  get(id: string): IRun | undefined {
    return this._runs?.find(run => run.id === id);
  }

  /** When what is known of a run was received, in milliseconds of this clock. */
  receivedAt(id: string): number {
    return this._received.get(id) ?? Date.now();
  }

  /** Ask the service; a failure is kept as `error`. */
  async refresh(): Promise<void> {
    await this._fetch().catch(() => undefined);
    this._follow();
  }

  /** Ask no more until the next refresh. */
  pause(): void {
    void this._poll.stop();
  }

  /** Put in a run that was answered by the service. */
  update(run: IRun): void {
    if (this.isDisposed || run.workflowId !== this._benchmark) {
      return;
    }
    const runs = this._runs ?? [];
    if (runs.some(known => known.id === run.id)) {
      this._replace(runs.map(known => (known.id === run.id ? run : known)));
    } else {
      this._replace([run, ...runs]);
    }
    this._follow();
  }

  /** Whether a run was asked to end and has not yet done so. */
  isCanceling(id: string): boolean {
    const run = this.get(id);
    return run !== undefined && isActive(run) && this._canceling.has(id);
  }

  async cancel(id: string): Promise<void> {
    this._canceling.add(id);
    this.changed();
    try {
      this.update(await this._service.cancel(id));
    } catch (reason) {
      this._canceling.delete(id);
      this.changed();
      throw reason;
    }
  }

  /** Take an event as a hint: show it now, and ask for what it leaves out. */
  async receive(event: IRunEvent): Promise<void> {
    if (event.benchmark === this._benchmark) {
      const known = this.get(event.run);
      if (known && isActive(event)) {
        this.update(merge(known, event));
        return;
      }
    } else if (isActive(event)) {
      return;
    }
    const run = await this._service.run(event.run, false);
    if (this.isDisposed) {
      return;
    }
    this.update(run);
    this._tellEnd(run);
  }

  private async _fetch(isAsked = true): Promise<void> {
    const benchmark = this._benchmark;
    if (benchmark === null) {
      return;
    }
    const request = ++this._request;
    try {
      const runs = await this._service.runs(benchmark, 50, isAsked);
      if (!this._isCurrent(benchmark, request)) {
        return;
      }
      this._error = null;
      this._replace(runs);
    } catch (reason) {
      if (this._isCurrent(benchmark, request)) {
        this._error = reason as Error;
        this.changed();
      }
      throw reason;
    }
  }

  private _replace(runs: IRun[]): void {
    const known = new Map((this._runs ?? []).map(run => [run.id, run]));
    const now = Date.now();
    this._runs = runs.map(run => {
      const old = known.get(run.id);
      const chosen = old ? newer(old, run) : run;
      if (chosen !== old) {
        this._received.set(run.id, now);
      }
      return chosen;
    });
    this.changed();
    for (const run of this._runs) {
      const old = known.get(run.id);
      if (old && isActive(old)) {
        this._tellEnd(run);
      }
    }
  }

  private _tellEnd(run: IRun): void {
    if (!isActive(run) && !this._told.has(run.id)) {
      this._told.add(run.id);
      this._ended.emit(run);
    }
  }

  /** Ask again after a quiet time, as long as there is something to ask for. */
  private _follow(): void {
    void (this.hasActive && !this.isDisposed
      ? this._poll.schedule({ interval: QUIET })
      : this._poll.stop());
  }

  private _isCurrent(benchmark: string, request: number): boolean {
    return (
      !this.isDisposed &&
      benchmark === this._benchmark &&
      request === this._request
    );
  }

  private _benchmark: string | null = null;
  private _canceling = new Set<string>();
  private _ended = new Signal<this, IRun>(this);
  private _error: Error | null = null;
  private _poll: Poll;
  private _received = new Map<string, number>();
  private _request = 0;
  private _runs: IRun[] | null = null;
  private _told = new Set<string>();
}
