/**
 * The client of the server extension; the only file that fetches.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';
import type {
  IBenchmark,
  IBenchmarkDetail,
  ICheckAnswer,
  ICheckRequest,
  ICredentials,
  IExport,
  ILeaderboard,
  ILeaderboardQuery,
  IProblem,
  IRun,
  ISession,
  ISubmitRequest
} from './protocol';

/** An answer that is not the wanted one. */
export class RobError extends Error {
  /**
   * @param message What is wrong, for the reader.
   * @param status The HTTP status; 0 when the Jupyter server can't be reached.
   * @param problems What was found in the notebook or its arguments.
   * @param loginRequired Whether it takes a log-in, after which the same can be asked again.
   */
  constructor(
    message: string,
    readonly status: number,
    readonly problems: readonly IProblem[] = [],
    readonly loginRequired = false
  ) {
    super(message);
    this.name = 'RobError';
  }
}

/** Verbs of ROB, as the server extension offers them. */
export class RobService {
  constructor(readonly serverSettings: ServerConnection.ISettings) {}

  /** Emitted when the service has refused the token, whatever was asked. */
  get loginRequired(): ISignal<this, void> {
    return this._loginRequired;
  }

  session(): Promise<ISession> {
    return this._json('session');
  }

  /** Log in; the token stays in the Jupyter server. */
  async logIn(credentials: ICredentials): Promise<ISession> {
    const session = await this._json<ISession>('session', 'POST', credentials);
    this._logIns++;
    return session;
  }

  logOut(): Promise<ISession> {
    return this._json('session', 'DELETE');
  }

  async benchmarks(): Promise<IBenchmark[]> {
    const answer = await this._json<{ workflows: IBenchmark[] }>(
      'api/v1/workflows'
    );
    return answer.workflows;
  }

  benchmark(id: string): Promise<IBenchmarkDetail> {
    return this._json(`api/v1/workflows/${encodeURIComponent(id)}`);
  }

  leaderboard(
    benchmark: string,
    query: ILeaderboardQuery = {}
  ): Promise<ILeaderboard> {
    const { limit, offset, orderBy } = query;
    const given = {
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(offset === undefined ? {} : { offset: String(offset) }),
      ...(orderBy && {
        orderBy: `${orderBy.name}:${orderBy.sortDesc ? 'desc' : 'asc'}`
      })
    };
    return this._json(
      `api/v1/workflows/${encodeURIComponent(benchmark)}/leaderboard` +
        URLExt.objectToQueryString(given)
    );
  }

  /** My runs of a benchmark, newest first. */
  async runs(benchmark: string, limit = 50): Promise<IRun[]> {
    const answer = await this._json<{ runs: IRun[] }>(
      `api/v1/workflows/${encodeURIComponent(benchmark)}/runs?limit=${limit}`
    );
    return answer.runs;
  }

  run(id: string): Promise<IRun> {
    return this._json(`api/v1/runs/${encodeURIComponent(id)}`);
  }

  cancel(id: string): Promise<IRun> {
    return this._json(`api/v1/runs/${encodeURIComponent(id)}`, 'PUT', {});
  }

  async log(id: string): Promise<string> {
    const response = await this._fetch(
      `api/v1/runs/${encodeURIComponent(id)}/log`
    );
    return response.text();
  }

  /** What a benchmark's last post-processing printed, for its coordinators. */
  async postprocessingLog(benchmark: string): Promise<string> {
    const response = await this._fetch(
      `api/v1/workflows/${encodeURIComponent(benchmark)}/postproc/log`
    );
    return response.text();
  }

  check(request: ICheckRequest): Promise<ICheckAnswer> {
    return this._json('check', 'POST', request);
  }

  /** What a submission would upload. */
  export(request: ICheckRequest): Promise<IExport> {
    return this._json('export', 'POST', request);
  }

  async submit(request: ISubmitRequest): Promise<IRun> {
    const answer = await this._json<{ run: IRun }>('submit', 'POST', request);
    return answer.run;
  }

  /** Where the browser finds a result file. */
  fileUrl(run: string, file: string): string {
    return this._url(
      `api/v1/runs/${encodeURIComponent(run)}/downloads/files/${encodeURIComponent(file)}`
    );
  }

  /** Where the browser finds all result files of a run, as an archive. */
  archiveUrl(run: string): string {
    return this._url(
      `api/v1/runs/${encodeURIComponent(run)}/downloads/archive`
    );
  }

  /** Where the browser finds a plot or table of a benchmark. */
  postprocessingUrl(benchmark: string, file: string): string {
    return this._url(postprocessingPath(benchmark, file));
  }

  /** A plot or table of a benchmark as text; null when it has more than `limit` bytes. */
  async postprocessingText(
    benchmark: string,
    file: string,
    limit: number
  ): Promise<string | null> {
    const response = await this._fetch(postprocessingPath(benchmark, file));
    if (Number(response.headers.get('Content-Length') ?? 0) > limit) {
      await response.body?.cancel();
      return null;
    }
    const text = await response.text();
    return text.length > limit ? null : text;
  }

  /** Where the browser finds the executed notebook of a step. */
  notebookUrl(run: string, step: string): string {
    return this._url(
      `api/v1/runs/${encodeURIComponent(run)}/notebooks/${encodeURIComponent(step)}`
    );
  }

  private _url(path: string): string {
    return URLExt.join(this.serverSettings.baseUrl, 'rob', path);
  }

  private async _json<T>(
    path: string,
    method = 'GET',
    body?: object
  ): Promise<T> {
    const response = await this._fetch(path, method, body);
    try {
      return (await response.json()) as T;
    } catch {
      throw new RobError(
        `The answer to ${method} rob/${path} is not JSON.`,
        response.status
      );
    }
  }

  private async _fetch(
    path: string,
    method = 'GET',
    body?: object
  ): Promise<Response> {
    const logIns = this._logIns;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        this._url(path),
        { method, body: body === undefined ? undefined : JSON.stringify(body) },
        this.serverSettings
      );
    } catch (reason) {
      const detail = reason instanceof Error ? reason.message : String(reason);
      throw new RobError(`The Jupyter server can't be reached: ${detail}`, 0);
    }
    if (!response.ok) {
      const error = await Private.toError(response);
      // What was asked with the token of an earlier log-in tells nothing.
      if (error.loginRequired && logIns === this._logIns) {
        this._loginRequired.emit();
      }
      throw error;
    }
    return response;
  }

  private _logIns = 0;
  private _loginRequired = new Signal<this, void>(this);
}

function postprocessingPath(benchmark: string, file: string): string {
  return `api/v1/workflows/${encodeURIComponent(benchmark)}/downloads/files/${encodeURIComponent(file)}`;
}

namespace Private {
  export async function toError(response: Response): Promise<RobError> {
    let message = `${response.status} ${response.statusText}`.trim();
    let problems: IProblem[] = [];
    let loginRequired = false;
    try {
      const body = (await response.json()) as {
        message?: unknown;
        problems?: unknown;
        loginRequired?: unknown;
      };
      loginRequired = body.loginRequired === true;
      if (typeof body.message === 'string' && body.message) {
        message = body.message;
      }
      if (Array.isArray(body.problems)) {
        problems = body.problems as IProblem[];
      }
    } catch {
      // Not one of our answers: a proxy's page, say. The status has to do.
    }
    return new RobError(message, response.status, problems, loginRequired);
  }
}
