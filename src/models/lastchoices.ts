import type { IStateDB } from '@jupyterlab/statedb';
import type { JSONObject } from '@lumino/coreutils';

/** What was chosen for a benchmark. */
export interface IChoices {
  /** The name of the submission; empty for the default. */
  submission: string;
  arguments: JSONObject;
  /** Paths of notebooks, by the parameter that they fill. */
  notebooks: Readonly<Record<string, string>>;
}

/** The last choices for each benchmark, kept beyond a reload. */
export class LastChoices {
  /** @param state Without it nothing is kept. */
  constructor(private readonly _state: IStateDB | null) {}

  async load(benchmark: string): Promise<IChoices | undefined> {
    const value = await this._state?.fetch(stateKey(benchmark));
    const saved = value as Partial<IChoices> | undefined;
    return saved?.arguments
      ? {
          submission: saved.submission ?? '',
          arguments: saved.arguments,
          notebooks: saved.notebooks ?? {}
        }
      : undefined;
  }

  save(benchmark: string, choices: IChoices): void {
    void this._state?.save(stateKey(benchmark), { ...choices });
  }
}

function stateKey(benchmark: string): string {
  return `jupyterlab-rob:benchmark:${benchmark}`;
}
