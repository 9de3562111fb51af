import { ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type {
  INotebookSource,
  IOpenChange,
  IOpenNotebook
} from '../models/sources';
import type {
  IBenchmarkDetail,
  ILeaderboard,
  IRun,
  ISession
} from '../protocol';
import { RobService } from '../service';

type Answer = object | string | Response | (() => unknown);

/** A transport: answers by `METHOD path`, and what was asked of it. */
export class Server {
  readonly asked: {
    route: string;
    body: unknown;
    range?: string;
    /** Whether it does not count as something that the user does. */
    isUnasked?: boolean;
  }[] = [];

  constructor(readonly answers: Record<string, Answer> = {}) {}

  get service(): RobService {
    return new RobService(
      ServerConnection.makeSettings({
        baseUrl: 'http://localhost:8888/user/me/',
        fetch: input => this._fetch(input as Request)
      })
    );
  }

  /** How often a route was asked for. */
  count(route: string): number {
    return this.asked.filter(request => request.route === route).length;
  }

  private async _fetch(input: Request): Promise<Response> {
    const { pathname, search } = new URL(input.url);
    // JupyterLab adds the time, so that nothing is answered from a cache.
    const query = search
      .replace(/[?&]\d+$/, '')
      .replace(/[?&]no_track_activity=1/, '');
    const path = pathname.replace('/user/me/rob/', '') + query;
    const route = `${input.method} ${path}`;
    const body = await input.text();
    this.asked.push({
      route,
      body: body ? JSON.parse(body) : undefined,
      range: input.headers.get('Range') ?? undefined,
      isUnasked: search.includes('no_track_activity') || undefined
    });
    const given = this.answers[route];
    const answer = await (typeof given === 'function' ? given() : given);
    if (answer === undefined) {
      return json({ message: `There is no ${route}.` }, 404);
    }
    if (answer instanceof Response) {
      return answer;
    }
    return typeof answer === 'string' ? new Response(answer) : json(answer);
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

export function makeSession(values: Partial<ISession> = {}): ISession {
  return {
    kind: 'embedded',
    state: 'ready',
    name: 'ROB',
    version: '0.1.0',
    username: 'alice',
    url: null,
    registration: false,
    additions: ['run-log', 'executed-notebook'],
    role: 'administrator',
    ...values
  };
}

/** The session at a service for many. */
export function makeShared(values: Partial<ISession> = {}): ISession {
  return makeSession({
    kind: 'shared',
    name: 'Group ROB',
    url: 'http://rob.example.org:5000/rob/api/v1',
    role: 'participant',
    ...values
  });
}

export function makeRun(values: Partial<IRun> = {}): IRun {
  return {
    id: 'r1',
    state: 'PENDING',
    createdAt: '2026-01-01T00:00:00+00:00',
    workflowId: 'b1',
    groupId: 'g1',
    groupName: 'alice',
    notebook: { name: 'tagger.ipynb', sha256: '00' },
    progress: null,
    result: null,
    rank: null,
    notebooks: [],
    cause: null,
    ...values
  };
}

export function makeBenchmark(
  values: Partial<IBenchmarkDetail> = {}
): IBenchmarkDetail {
  return {
    id: 'b1',
    name: 'Top tagger',
    parameters: [
      { name: 'code', dtype: 'actor', index: 0, isRequired: true },
      {
        name: 'seed',
        dtype: 'int',
        index: 1,
        isRequired: false,
        defaultValue: 7
      }
    ],
    groups: [{ id: 'g1', name: 'alice' }],
    notebookSteps: [{ parameter: 'code', step: 'predict' }],
    ...values
  };
}

export function makeBoard(names: string[]): ILeaderboard {
  return {
    schema: [
      { name: 'n', label: 'Count', dtype: 'int' },
      { name: 'auc', label: 'AUC', dtype: 'float' }
    ],
    orderBy: [{ name: 'auc', sortDesc: true }],
    ranking: names.map((name, index) => ({
      run: { id: `run-${name}`, createdAt: '2026-01-01T00:00:00Z' },
      // Mine is the one that makeBenchmark() and makeRun() have.
      group: { id: name === 'alice' ? 'g1' : `group-${name}`, name },
      results: [
        { name: 'n', value: 3 },
        { name: 'auc', value: index === 0 ? 0.98123456 : null }
      ],
      rank: index + 1
    }))
  };
}

/** A benchmark that takes two notebooks. */
export function makeTwoSteps(
  values: Partial<IBenchmarkDetail> = {}
): IBenchmarkDetail {
  const actor = { dtype: 'actor', isRequired: true };
  return makeBenchmark({
    parameters: [
      { ...actor, name: 'preproc', index: 0, label: 'Pre-processing' },
      { ...actor, name: 'tagger', index: 1, label: 'Tagger' }
    ],
    notebookSteps: [
      { parameter: 'preproc', step: 'prepare' },
      { parameter: 'tagger', step: 'predict' }
    ],
    ...values
  });
}

/** Open notebooks, of which one is the current one. */
export class Notebook implements INotebookSource {
  readonly changed = new Signal<this, void>(this);
  readonly contentChanged = new Signal<this, string>(this);
  readonly openChanged = new Signal<this, IOpenChange>(this);
  current: INotebookSource['current'] = {
    path: 'work/tagger.ipynb',
    name: 'tagger.ipynb',
    isDirty: true
  };
  /** The open notebooks beside the current one. */
  others: IOpenNotebook[] = [];
  /** The tags of the cells, by path; each has one cell for each. */
  tags: Record<string, string[]> = {};

  get open(): readonly IOpenNotebook[] {
    const { current, others } = this;
    return current
      ? [current, ...others.filter(({ path }) => path !== current.path)]
      : others;
  }

  async content(path: string) {
    const cells = (this.tags[path] ?? []).map(tag => ({
      cell_type: 'code',
      source: '1',
      metadata: { tags: [tag] }
    }));
    return { metadata: {}, nbformat: 4, nbformat_minor: 5, cells };
  }

  /** Change what is in the current notebook, or in another. */
  edit(path = this.current?.path ?? ''): void {
    this.contentChanged.emit(path);
  }

  /** Open a notebook beside the current one. */
  openOther(path: string): void {
    this.others = [...this.others, { path, name: path.split('/').pop() ?? '' }];
    this.openChanged.emit({ from: null, to: path });
  }

  close(path: string): void {
    this.others = this.others.filter(other => other.path !== path);
    this.openChanged.emit({ from: path, to: null });
  }

  rename(from: string, to: string): void {
    this.others = this.others.map(other =>
      other.path === from
        ? { path: to, name: to.split('/').pop() ?? '' }
        : other
    );
    this.openChanged.emit({ from, to });
  }

  /** Go to an open notebook. */
  show(path: string): void {
    const found = this.open.find(notebook => notebook.path === path);
    this.others = [...this.open];
    this.current = found ? { ...found, isDirty: false } : null;
    this.changed.emit();
  }
}
