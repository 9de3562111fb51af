import type {
  IBenchmarkDetail,
  IPostprocessing,
  IPostprocessingStatus
} from '../protocol';
import type { RobService } from '../service';
import { Model } from './model';

/** Milliseconds between the questions whether new plots are there, after a run has ended. */
const DELAYS = [1000, 2000, 4000, 8000, 16000];

/** The plots and tables of one benchmark, and for coordinators how their making stands. */
export class PostprocessingModel extends Model {
  constructor(private readonly _service: RobService) {
    super();
  }

  get benchmark(): string | null {
    return this._benchmark;
  }

  set benchmark(id: string | null) {
    if (id === this._benchmark) {
      return;
    }
    this._benchmark = id;
    this._result = null;
    this._status = null;
    this._stop();
    this.changed();
  }

  /** The newest that succeeded, null when there is none. */
  get result(): IPostprocessing | null {
    return this._result;
  }

  /** Null when I am not told. */
  get status(): IPostprocessingStatus | null {
    return this._status;
  }

  override dispose(): void {
    this._stop();
    super.dispose();
  }

  /** Take what the benchmark's handle tells. */
  take(benchmark: IBenchmarkDetail): void {
    this.benchmark = benchmark.id;
    this._result = benchmark.postproc ?? null;
    this._status =
      (benchmark.isCoordinator && benchmark.postprocStatus) || null;
    this.changed();
    if (this._isActive && this._timer === undefined) {
      this.follow();
    }
  }

  /** Take what another model of the same benchmark knows. */
  adopt(other: PostprocessingModel): void {
    if (other.benchmark === this._benchmark) {
      this._result = other.result;
      this._status = other.status;
      this.changed();
    }
  }

  /** Ask the service; if it fails, what is known stays. */
  async refresh(isAsked = true): Promise<void> {
    const id = this._benchmark;
    if (id === null) {
      return;
    }
    const fresh = await this._service.benchmark(id, isAsked).catch(() => null);
    if (fresh && !this.isDisposed && id === this._benchmark) {
      this.take(fresh);
    }
  }

  /** A run has ended: new plots come soon. Nobody tells when, so ask at growing intervals. */
  follow(): void {
    this._stop();
    this._ask(this._result?.id, 0);
  }

  private get _isActive(): boolean {
    const state = this._status?.state;
    return state === 'PENDING' || state === 'RUNNING';
  }

  private _ask(old: string | undefined, count: number): void {
    const last = DELAYS[DELAYS.length - 1];
    const delay = DELAYS[count] ?? (this._isActive ? last : null);
    if (delay === null || this.isDisposed) {
      this._stop();
      return;
    }
    const timer = setTimeout(() => {
      void this.refresh(false).then(() => {
        if (timer !== this._timer) {
          // Another run has ended meanwhile, or another benchmark is shown.
          return;
        }
        if (this._result?.id === old || this._isActive) {
          this._ask(old, count + 1);
        } else {
          this._stop();
        }
      });
    }, delay);
    this._timer = timer;
  }

  private _stop(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
  }

  private _benchmark: string | null = null;
  private _result: IPostprocessing | null = null;
  private _status: IPostprocessingStatus | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
