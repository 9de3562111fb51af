import { ISignal, Signal } from '@lumino/signaling';
import type { ICredentials, ISession } from '../protocol';
import type { RobService } from '../service';
import { Model } from './model';

/** Who the user is at the service, and what that can. */
export class AccountModel extends Model {
  constructor(private readonly _service: RobService) {
    super();
    _service.loginRequired.connect(this._onLoginRequired, this);
  }

  /** Null while the service has not been found. */
  get session(): ISession | null {
    return this._session;
  }

  /** The user's name at the service; that of the last user when a log-in is needed. */
  get username(): string {
    return this._session?.username || this._username;
  }

  /** Whether the service wants a name and a password. */
  get needsLogin(): boolean {
    return this._session?.state === 'login';
  }

  /** Whether there is someone to log out. */
  get canLogOut(): boolean {
    const { _session: session } = this;
    return session?.state === 'ready' && session.kind !== 'embedded';
  }

  /** Whether a log-in is under way. */
  get isBusy(): boolean {
    return this._isBusy;
  }

  /** Why the last log-in failed. */
  get error(): Error | null {
    return this._error;
  }

  /** Counts how often the user asked for the form. */
  get calls(): number {
    return this._calls;
  }

  /** Emitted after a log-in, from here or elsewhere. */
  get loggedIn(): ISignal<this, void> {
    return this._loggedIn;
  }

  /** Whether the service has an addition to ROB's published API. */
  can(addition: string): boolean {
    return this._session?.additions?.includes(addition) ?? false;
  }

  /** Take what the server extension tells of the session. */
  take(session: ISession): void {
    const { needsLogin } = this;
    this._session = session;
    this._username = session.username || this._username;
    this.changed();
    if (needsLogin && session.state === 'ready' && !this.isDisposed) {
      this._loggedIn.emit();
    }
  }

  /** Bring the user to the form. */
  call(): void {
    this._calls++;
    this.changed();
  }

  /** Forget why the last log-in failed. */
  forgetError(): void {
    if (this._error) {
      this._error = null;
      this.changed();
    }
  }

  /** Log in; a refusal is kept as `error`. The password is only passed on. */
  async logIn(credentials: ICredentials): Promise<void> {
    if (this._isBusy) {
      return;
    }
    this._isBusy = true;
    this._error = null;
    this.changed();
    try {
      this.take(await this._service.logIn(credentials));
    } catch (reason) {
      this._error = reason as Error;
    } finally {
      this._isBusy = false;
      this.changed();
    }
  }

  async logOut(): Promise<void> {
    this.take(await this._service.logOut());
  }

  private _onLoginRequired(): void {
    if (this._session?.state === 'ready') {
      this.take({ ...this._session, state: 'login', username: null });
    }
  }

  private _calls = 0;
  private _error: Error | null = null;
  private _isBusy = false;
  private _loggedIn = new Signal<this, void>(this);
  private _session: ISession | null = null;
  private _username = '';
}
