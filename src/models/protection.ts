import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { ISandbox, ISession } from '../protocol';
import type { RobService } from '../service';
import { Model } from './model';

const STATE_KEY = 'jupyterlab-rob:protection';

/** What keeps runs from what they must not read, and whether the user has read that nothing does. */
export class ProtectionModel extends Model {
  constructor(
    private readonly _service: RobService,
    private readonly _state: IStateDB | null
  ) {
    super();
  }

  /** Null while it is not known. */
  get sandbox(): ISandbox | null {
    return this._sandbox;
  }

  /** What is not protected; null when there is a sandbox, or none is known of. */
  get warning(): string | null {
    const { _sandbox: sandbox } = this;
    return sandbox && sandbox.kind === null ? sandbox.message || null : null;
  }

  /** The warning until the user has read it at this service. */
  get news(): string | null {
    return this._isRead ? null : this.warning;
  }

  /** Ask the service, which may be another than before. */
  async refresh(session: ISession): Promise<void> {
    const request = ++this._request;
    const place = session.url || session.kind;
    const status =
      session.kind === 'classic'
        ? null
        : await this._service.status().catch(() => null);
    const read = await this._load();
    if (this.isDisposed || request !== this._request) {
      return;
    }
    const before = this._place === place ? this.news : null;
    this._place = place;
    this._sandbox = status?.sandbox ?? null;
    const told = read[place];
    // One's own machine is told of once; of another, whenever its words change.
    const isKnown =
      session.kind === 'embedded' ? told !== undefined : told === this.warning;
    // What is shown now stays, even if it was seen.
    this._isRead = isKnown && before !== this.warning;
    this.changed();
  }

  /** The user has read the news. */
  async dismiss(): Promise<void> {
    const { news } = this;
    this._isRead = true;
    this.changed();
    await this._save(news);
  }

  /** Something was submitted beside the news: they were seen, and after a second time they go. */
  async pass(): Promise<void> {
    if (this._isPassed) {
      await this.dismiss();
    } else {
      this._isPassed = true;
      await this._save(this.news);
    }
  }

  private async _save(news: string | null): Promise<void> {
    if (news !== null) {
      const saved = await this._load();
      await this._state?.save(STATE_KEY, { ...saved, [this._place]: news });
    }
  }

  private async _load(): Promise<ReadonlyJSONObject> {
    const saved = await this._state?.fetch(STATE_KEY);
    return (saved as ReadonlyJSONObject | undefined) ?? {};
  }

  private _isPassed = false;
  private _isRead = true;
  private _place = '';
  private _request = 0;
  private _sandbox: ISandbox | null = null;
}
