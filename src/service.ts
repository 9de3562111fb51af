/**
 * The client of the server extension; the only file that fetches.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type {
  IBenchmark,
  IBenchmarkDetail,
  ICheckAnswer,
  ICheckRequest,
  ILeaderboard,
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
   */
  constructor(
    message: string,
    readonly status: number,
    readonly problems: readonly IProblem[] = []
  ) {
    super(message);
    this.name = 'RobError';
  }
}

/** Verbs of ROB, as the server extension offers them. */
export class RobService {
  constructor(readonly serverSettings: ServerConnection.ISettings) {}

  session(): Promise<ISession> {
    return this._json('session');
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

  leaderboard(benchmark: string): Promise<ILeaderboard> {
    return this._json(
      `api/v1/workflows/${encodeURIComponent(benchmark)}/leaderboard`
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

  check(request: ICheckRequest): Promise<ICheckAnswer> {
    return this._json('check', 'POST', request);
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
      throw await Private.toError(response);
    }
    return response;
  }
}

namespace Private {
  export async function toError(response: Response): Promise<RobError> {
    let message = `${response.status} ${response.statusText}`.trim();
    let problems: IProblem[] = [];
    try {
      const body = (await response.json()) as {
        message?: unknown;
        problems?: unknown;
      };
      if (typeof body.message === 'string' && body.message) {
        message = body.message;
      }
      if (Array.isArray(body.problems)) {
        problems = body.problems as IProblem[];
      }
    } catch {
      // Not one of our answers: a proxy's page, say. The status has to do.
    }
    return new RobError(message, response.status, problems);
  }
}
