import type { IBenchmarkDetail, IRun, ISubmitted } from '../protocol';
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
   * The notebook in which a run has failed; null where none of those that were submitted has, or it is not known which.
   *
   * @param benchmark Tells which parameter fills which step, if it is the run's.
   */
  find(run: IRun, benchmark: IBenchmarkDetail | null): INotebookAddress | null {
    const part = failedPart(run, benchmark);
    const origin = this._origins.get(run.id);
    const path = origin?.paths[part?.parameter ?? ''] ?? origin?.current;
    return part && (path || part.name) ? { path, name: part.name } : null;
  }

  private _origins = new Map<string, IOrigin>();
}

/** Which of a run's notebooks has failed. */
function failedPart(
  run: IRun,
  benchmark: IBenchmarkDetail | null
): Partial<ISubmitted> | null {
  const { cause, notebook } = run;
  const submitted: Partial<ISubmitted>[] = run.submitted?.length
    ? run.submitted
    : [{ name: notebook?.name }];
  const steps =
    (benchmark?.id === run.workflowId && benchmark.notebookSteps) || [];
  if (!cause?.step || steps.length === 0) {
    // No step is told, either, of a benchmark that runs notebooks by commands of its own.
    const isOnly = submitted.length === 1 && cause?.blame !== 'coordinator';
    return isOnly ? submitted[0] : null;
  }
  const filled = steps.find(({ step }) => step === cause.step)?.parameter;
  const isFilled = ({ parameter = filled }: Partial<ISubmitted>) =>
    filled !== undefined && parameter === filled;
  return submitted.find(isFilled) ?? null;
}
