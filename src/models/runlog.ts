import { plainText } from '../format';
import { IRun, isActive } from '../protocol';
import { RobError, RobService } from '../service';
import { Model } from './model';
import type { RunsModel } from './runs';

/** Bytes of a log's end that are shown. */
const SIZE = 16 * 1024;

/** Milliseconds between two questions, however much is printed. */
const INTERVAL = 1500;

/** The end of a run's log, which follows the run while someone looks. */
export class RunLogModel extends Model {
  /**
   * @param _isWatched Whether someone looks; while nobody does, nothing is asked for.
   */
  constructor(
    private readonly _service: RobService,
    private readonly _runs: RunsModel,
    private readonly _id: string,
    private readonly _isWatched: () => boolean
  ) {
    super();
    _runs.stateChanged.connect(this.check, this);
    this.check();
  }

  /** Null while nothing has been fetched. */
  get text(): string | null {
    return this._text;
  }

  /** Whether the log has more before the text. */
  get isCut(): boolean {
    return this._isCut;
  }

  /** Why the text may be old, or why there is none. */
  get error(): Error | null {
    return this._error;
  }

  override dispose(): void {
    clearTimeout(this._timer);
    super.dispose();
  }

  /** Ask for the log's end soon, if it may have grown and someone looks. */
  check(): void {
    const run = this._runs.get(this._id);
    if (
      !run ||
      this.isDisposed ||
      this._timer !== undefined ||
      this._isWatched() === false ||
      stateOf(run) === this._seen
    ) {
      return;
    }
    const wait = Math.max(0, this._asked + INTERVAL - Date.now());
    this._timer = setTimeout(() => {
      void this._fetch().then(() => {
        this._timer = undefined;
        this.check();
      });
    }, wait);
  }

  private async _fetch(): Promise<void> {
    const run = this._runs.get(this._id);
    if (!run) {
      return;
    }
    this._asked = Date.now();
    this._seen = stateOf(run);
    let text = '';
    let isCut = false;
    let error: Error | null = null;
    try {
      const end = await this._service.logEnd(this._id, SIZE);
      ({ text, isCut } = shorten(end.text, !end.isWhole));
    } catch (reason) {
      // A run that has just begun has not printed anything.
      if (!(isNotFound(reason) && isActive(run))) {
        error = reason as Error;
      }
    }
    if (this.isDisposed) {
      return;
    }
    this._error = error;
    if (!error) {
      this._text = text;
      this._isCut = isCut;
    }
    this.changed();
  }

  private _asked = -Infinity;
  private _error: Error | null = null;
  private _isCut = false;
  private _seen: string | null = null;
  private _text: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** What is another when the log may have grown; without its size, whatever is told of the run. */
function stateOf(run: IRun): string {
  const { attempt, logSize, progress, state } = run;
  const size = logSize ?? [progress?.step, progress?.cell, progress?.elapsed];
  return JSON.stringify([state, attempt, size]);
}

/** Whole lines of the end of a text, without what is meant for a terminal. */
function shorten(
  text: string,
  isPart: boolean
): { text: string; isCut: boolean } {
  const isCut = isPart || text.length > SIZE;
  let end = text.slice(-SIZE);
  if (isCut) {
    // The first line has lost its beginning, if not the first half of a letter.
    end = end.slice(end.indexOf('\n') + 1).replace(/^\ufffd+/, '');
  }
  return { text: plainText(end), isCut };
}

function isNotFound(reason: unknown): boolean {
  return reason instanceof RobError && reason.status === 404;
}
