/**
 * The client of the server extension; the only file that fetches.
 */
import { URLExt } from '@jupyterlab/coreutils';
import type { INotebookContent } from '@jupyterlab/nbformat';
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
  IServiceStatus,
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

/** Marks a request that nobody has clicked for: it must not keep an idle Jupyter server alive. */
const UNASKED = 'no_track_activity=1';

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

  benchmark(id: string, isAsked = true): Promise<IBenchmarkDetail> {
    const path = `api/v1/workflows/${encodeURIComponent(id)}`;
    return this._json(isAsked ? path : `${path}?${UNASKED}`);
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
  async runs(benchmark: string, limit = 50, isAsked = true): Promise<IRun[]> {
    const path = `api/v1/workflows/${encodeURIComponent(benchmark)}/runs?limit=${limit}`;
    const answer = await this._json<{ runs: IRun[] }>(
      isAsked ? path : `${path}&${UNASKED}`
    );
    return answer.runs;
  }

  run(id: string, isAsked = true): Promise<IRun> {
    const path = `api/v1/runs/${encodeURIComponent(id)}`;
    return this._json(isAsked ? path : `${path}?${UNASKED}`);
  }

  cancel(id: string): Promise<IRun> {
    return this._json(`api/v1/runs/${encodeURIComponent(id)}`, 'PUT', {});
  }

  /** What protects runs, among other things. */
  status(): Promise<IServiceStatus> {
    return this._json('api/v1/status');
  }

  async log(id: string): Promise<string> {
    const response = await this._fetch(logPath(id));
    return response.text();
  }

  /** What the benchmark's own steps printed in a run, for its coordinators. */
  async coordinatorLog(id: string): Promise<string> {
    const response = await this._fetch(
      `api/v1/runs/${encodeURIComponent(id)}/coordinator-log`
    );
    return response.text();
  }

  /** The last `size` bytes of a log, or all of it where the service can't leave anything out. */
  async logEnd(id: string, size: number): Promise<ILogEnd> {
    let response: Response;
    try {
      response = await this._fetch(
        `${logPath(id)}?${UNASKED}`,
        'GET',
        undefined,
        {
          Range: `bytes=-${size}`
        }
      );
    } catch (reason) {
      if (reason instanceof RobError && reason.status === 416) {
        // So an empty file answers who asks for its end.
        return { text: '', isWhole: true };
      }
      throw reason;
    }
    const part = response.headers.get('Content-Range');
    return {
      text: await response.text(),
      isWhole: response.status !== 206 || /^bytes 0-/.test(part ?? '')
    };
  }

  /** The executed notebook of a step; null when it has more than `limit` bytes. */
  async notebook(
    run: string,
    step: string,
    limit: number
  ): Promise<INotebookContent | null> {
    const response = await this._fetch(notebookPath(run, step));
    if (await isLarger(response, limit)) {
      return null;
    }
    return (await response.json()) as INotebookContent;
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

  /** Where the browser finds what a benchmark gives to notebooks, as an archive. */
  dataUrl(benchmark: string): string {
    return this._url(`api/v1/workflows/${encodeURIComponent(benchmark)}/data`);
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
    if (await isLarger(response, limit)) {
      return null;
    }
    const text = await response.text();
    return text.length > limit ? null : text;
  }

  /** Where the browser finds the executed notebook of a step. */
  notebookUrl(run: string, step: string): string {
    return this._url(notebookPath(run, step));
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
    body?: object,
    headers?: Record<string, string>
  ): Promise<Response> {
    const logIns = this._logIns;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        this._url(path),
        {
          method,
          body: body === undefined ? undefined : JSON.stringify(body),
          ...(headers && { headers })
        },
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

/** The end of a log; `isWhole` when nothing is left out. */
export interface ILogEnd {
  text: string;
  isWhole: boolean;
}

function logPath(run: string): string {
  return `api/v1/runs/${encodeURIComponent(run)}/log`;
}

function notebookPath(run: string, step: string): string {
  return `api/v1/runs/${encodeURIComponent(run)}/notebooks/${encodeURIComponent(step)}`;
}

/** Whether an answer says that it has more bytes; then it is dropped. */
async function isLarger(response: Response, limit: number): Promise<boolean> {
  if (Number(response.headers.get('Content-Length') ?? 0) <= limit) {
    return false;
  }
  await response.body?.cancel();
  return true;
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
