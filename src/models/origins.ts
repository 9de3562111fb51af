import { hasSeveral, IBenchmarkDetail, IRun } from '../protocol';
import type { SourcesModel } from './sources';

/** What leads to an open notebook: its path, or else its name. */
export interface INotebookAddress {
  path?: string;
  name?: string;
}

/** Where the notebooks were that a submission sends. */
export interface IOrigin {
  /** The path of the current notebook. */
  current: string;
  /** Paths by parameter; empty where one notebook is all. */
  paths: Readonly<Record<string, string>>;
}

/** The notebooks that the sources mean now; null when none is open. */
export function originOf(sources: SourcesModel): IOrigin | null {
  const { current, hasSeveral, paths } = sources;
  return current && { current: current.path, paths: hasSeveral ? paths : {} };
}

/** Remembers where the notebooks of the runs are that were submitted from here. */
export class Origins {
  get(run: string): IOrigin | undefined {
    return this._origins.get(run);
  }

  set(run: string, origin: IOrigin): void {
    this._origins.set(run, origin);
  }

  /**
   * The notebook in which a run has failed.
   *
   * @param benchmark Tells which parameter fills which step, if it is the run's.
   */
  find(run: IRun, benchmark: IBenchmarkDetail | null): INotebookAddress {
    const origin = this._origins.get(run.id);
    const submitted = run.submitted ?? [];
    const steps =
      (benchmark?.id === run.workflowId && benchmark.notebookSteps) || [];
    const filled = steps.find(({ step }) => step === run.cause?.step);
    const part = hasSeveral(run)
      ? submitted.find(({ parameter }) => parameter === filled?.parameter)
      : submitted[0];
    if (part) {
      const { parameter, name } = part;
      return { path: origin?.paths[parameter] ?? origin?.current, name };
    }
    return hasSeveral(run)
      ? {}
      : { path: origin?.current, name: run.notebook?.name };
  }

  private _origins = new Map<string, IOrigin>();
}
