import type { INotebookContent } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import type { ICheckRequest, INotebookSent, IParameter } from '../protocol';
import { Model } from './model';
import { labelOf } from './parameters';

export interface IOpenNotebook {
  path: string;
  name: string;
}

/** A notebook was opened (from null), closed (to null) or renamed: its path before and after. */
export interface IOpenChange {
  from: string | null;
  to: string | null;
}

/** The open notebooks, and which of them would be submitted. */
export interface INotebookSource {
  /** Emitted when the current one is another, or its name or saved state has changed. */
  readonly changed: ISignal<this, void>;
  /** Emitted with the path of an open one when what would be sent of it may have changed. */
  readonly contentChanged: ISignal<this, string>;
  readonly openChanged: ISignal<this, IOpenChange>;
  readonly current: (IOpenNotebook & { isDirty: boolean }) | null;
  /** All that are open, the current one included. */
  readonly open: readonly IOpenNotebook[];
  /** An open notebook as shown, unsaved edits included. */
  content(path: string): Promise<INotebookContent>;
}

/** The choice of the current notebook, whichever that is. */
export const CURRENT = '';

/** The choice of no notebook, for a parameter that takes none. No path is like it. */
export const NONE = '/';

/** By parameter: the path of a notebook, also of one that is not open, or a constant. */
export type Choices = Readonly<Record<string, string>>;

/**
 * Which open notebook fills which parameter of a benchmark.
 *
 * Either all parameters follow the current notebook, or each is held at the path of its own: to look at another one
 * never changes what is sent.
 */
export class SourcesModel extends Model {
  constructor(private readonly _notebook: INotebookSource) {
    super();
    _notebook.changed.connect(this._onCurrentChanged, this);
    _notebook.openChanged.connect(this._onOpenChanged, this);
  }

  /** Emitted when `choices` has changed but by `prepare`. */
  get chosen(): ISignal<this, void> {
    return this._chosen;
  }

  get current(): INotebookSource['current'] {
    return this._notebook.current;
  }

  /** The open notebooks but the current one. */
  get others(): readonly IOpenNotebook[] {
    const path = this.current?.path;
    return this._notebook.open.filter(notebook => notebook.path !== path);
  }

  /** The parameters that notebooks fill, in their order. */
  get parameters(): readonly IParameter[] {
    return this._parameters;
  }

  /** What the reader calls a parameter. */
  label(parameter: string): string {
    const found = this._parameters.find(({ name }) => name === parameter);
    return found ? labelOf(found) : parameter;
  }

  /** Whether there is something to choose. */
  get hasSeveral(): boolean {
    return this._parameters.length > 1;
  }

  /** What was chosen; of parameters that nothing was chosen for, there is nothing. */
  get choices(): Choices {
    return this._choices;
  }

  /** Whether each parameter keeps its notebook when another one becomes current. */
  get isHeld(): boolean {
    return this._heldPaths(this._choices).length > 0;
  }

  /** The path of the notebook that fills a parameter, by parameter. */
  get paths(): Readonly<Record<string, string>> {
    const paths: Record<string, string> = {};
    for (const { name } of this._parameters) {
      const choice = this.choice(name);
      const path = choice === CURRENT ? this.current?.path : choice;
      if (path !== undefined && path !== NONE) {
        paths[name] = path;
      }
    }
    return paths;
  }

  /** The names of the notebooks that are sent. */
  get names(): string[] {
    const current = this.current ? [this.current.path] : [];
    const paths = this.hasSeveral ? Object.values(this.paths) : current;
    return [...new Set(paths.map(path => this._nameOf(path)))];
  }

  /** Begin with the parameters for notebooks of a benchmark, and what was chosen for them; tells nobody. */
  prepare(parameters: readonly IParameter[], choices: Choices): void {
    this._parameters = parameters;
    const known: Record<string, string> = {};
    for (const { name } of this.hasSeveral ? parameters : []) {
      if (typeof choices[name] === 'string') {
        known[name] = choices[name];
      }
    }
    this._choices = this._settle(known);
  }

  /** Whether a parameter is given no notebook unless one is chosen for it. */
  isOptional(parameter: string): boolean {
    const isAnyRequired = this._parameters.some(p => p.isRequired);
    return isAnyRequired && this.canBeNone(parameter);
  }

  /** Whether no notebook can be chosen for a parameter. */
  canBeNone(parameter: string): boolean {
    return this._parameters.some(p => p.name === parameter && !p.isRequired);
  }

  /** What holds for a parameter now: the path of an open notebook other than the current one, or a constant. */
  choice(parameter: string): string {
    const chosen = this._choices[parameter];
    const isOptional = this.isOptional(parameter);
    if (this.others.some(({ path }) => path === chosen)) {
      return chosen;
    }
    if (chosen === NONE && this.canBeNone(parameter)) {
      return NONE;
    }
    const isCurrent = chosen === CURRENT || chosen === this.current?.path;
    return isOptional && !isCurrent ? NONE : CURRENT;
  }

  /** Choose what fills a parameter; the current notebook for all lets them follow it again. */
  choose(parameter: string, choice: string): void {
    const choices: Record<string, string> = { ...this._choices };
    for (const { name } of this._parameters) {
      // As it is shown: what waits for a notebook that is not open is given up.
      if (this.choice(name) === CURRENT) {
        choices[name] = CURRENT;
      }
    }
    choices[parameter] = choice;
    if (this._take(this._settle(choices))) {
      this.changed();
    }
  }

  /** Where the notebook is that fills a parameter; without one, that which is most likely meant. */
  pathOf(parameter: string | null | undefined): string | undefined {
    const { paths } = this;
    const sent = Object.values(paths);
    const current = this.current?.path;
    return (
      paths[parameter ?? ''] ??
      sent.find(path => path === current) ??
      sent[0] ??
      current
    );
  }

  /** Whether anything of an open notebook would be sent. */
  uses(path: string): boolean {
    return this.hasSeveral
      ? Object.values(this.paths).includes(path)
      : path === this.current?.path;
  }

  /** The path of the notebook that is sent for all that none of its own is sent for; there may be none. */
  get main(): string | undefined {
    const current = this.current?.path;
    if (!this.hasSeveral) {
      return current;
    }
    if (this._isAnyLeftOut) {
      // It would fill that, too.
      return undefined;
    }
    // That which has to be split, whichever is current.
    const filled = this._requiredPaths.map(([, path]) => path);
    const isSplit = (path: string) =>
      filled.indexOf(path) !== filled.lastIndexOf(path);
    return filled.find(isSplit) ?? filled.find(path => path === current);
  }

  /** The parameters that the main notebook has to fill by itself. */
  get shared(): readonly string[] {
    const { main } = this;
    return this._requiredPaths
      .filter(([, path]) => path === main)
      .map(([name]) => name);
  }

  /**
   * What is sent, as shown now.
   *
   * @throws Error when no notebook is open, or one was closed meanwhile.
   */
  async collect(): Promise<Pick<ICheckRequest, 'notebook' | 'notebooks'>> {
    const { current, main, paths, shared } = this;
    if (!current) {
      throw new Error('There is no open notebook.');
    }
    if (!this.hasSeveral) {
      return { notebook: await this._read(current.path) };
    }
    const read = new Map<string, Promise<INotebookSent>>();
    const readOnce = (path: string) => {
      const reading = read.get(path) ?? this._read(path);
      read.set(path, reading);
      return reading;
    };
    const own = Object.entries(paths).filter(
      ([name]) => !shared.includes(name)
    );
    const notebooks = await Promise.all(
      own.map(async ([name, path]) => [name, await readOnce(path)] as const)
    );
    return {
      ...(main !== undefined && { notebook: await readOnce(main) }),
      ...(own.length > 0 && { notebooks: Object.fromEntries(notebooks) })
    };
  }

  private async _read(path: string): Promise<INotebookSent> {
    const content = await this._notebook.content(path);
    return { name: this._nameOf(path), content };
  }

  private _nameOf(path: string): string {
    const found = this._notebook.open.find(notebook => notebook.path === path);
    return found?.name ?? path;
  }

  /** Of the parameters that need a notebook, each with the path of its own. */
  private get _requiredPaths(): [name: string, path: string][] {
    return Object.entries(this.paths).filter(
      ([name]) => !this.isOptional(name)
    );
  }

  /** Whether a parameter is left out that the main notebook would fill. */
  private get _isAnyLeftOut(): boolean {
    return this._parameters.some(
      ({ name }) => !this.isOptional(name) && this.choice(name) === NONE
    );
  }

  /** The open notebooks that were chosen by their paths. */
  private _heldPaths(choices: Choices): string[] {
    const open = this._notebook.open.map(({ path }) => path);
    return Object.values(choices).filter(choice => open.includes(choice));
  }

  /** The choices, so that all parameters follow the current notebook or none does. */
  private _settle(choices: Choices): Choices {
    const current = this.current?.path;
    const held = this._heldPaths(choices);
    const names = this._parameters.map(({ name }) => name);
    const following = names.filter(name => {
      const unchosen = this.isOptional(name) ? NONE : CURRENT;
      const choice = choices[name] ?? unchosen;
      return choice === CURRENT || (choice === NONE && !this.canBeNone(name));
    });
    if (current === undefined || !held.length || !following.length) {
      return choices;
    }
    const isOther = held.some(path => path !== current);
    const settled = { ...choices };
    for (const name of names) {
      if (following.includes(name) || choices[name] === current) {
        settled[name] = isOther ? current : CURRENT;
      }
    }
    return settled;
  }

  /** Make the choices those that hold; false when nothing is changed. */
  private _take(choices: Choices): boolean {
    if (JSONExt.deepEqual(choices, this._choices)) {
      return false;
    }
    this._choices = choices;
    this._chosen.emit();
    return true;
  }

  private _onCurrentChanged(): void {
    // A notebook that was chosen may have been closed while none was current.
    if (this._take(this._settle(this._choices))) {
      this.changed();
    }
  }

  private _onOpenChanged(_: unknown, { from, to }: IOpenChange): void {
    const choices: Record<string, string> = {};
    for (const [name, choice] of Object.entries(this._choices)) {
      if (from === null || choice !== from) {
        choices[name] = choice;
      } else if (to !== null) {
        choices[name] = to;
      }
    }
    this._take(this._settle(choices));
    this.changed();
  }

  private _choices: Choices = {};
  private _chosen = new Signal<this, void>(this);
  private _parameters: readonly IParameter[] = [];
}
