import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** State that views watch. */
export abstract class Model implements IDisposable {
  /** Emitted after any part of the state has changed. */
  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
  }

  protected changed(): void {
    if (!this._isDisposed) {
      this._stateChanged.emit();
    }
  }

  private _isDisposed = false;
  private _stateChanged = new Signal<this, void>(this);
}
