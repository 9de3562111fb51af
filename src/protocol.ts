/**
 * What docs/protocol.md says, as types. Names of fields are the protocol's.
 */
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { JSONObject, JSONValue } from '@lumino/coreutils';

/** The identifier of the Jupyter events that tell of runs. */
export const RUN_EVENT_SCHEMA = 'https://schema.jupyterlab-rob.org/run/v1';

export interface ISession {
  /** One's own machine, a service like it at a URL, or a server that lacks all additions. */
  kind: 'embedded' | 'shared' | 'classic';
  /** `login` while there is no token that the service takes. */
  state: 'ready' | 'login';
  name: string;
  version: string;
  username: string | null;
  url?: string | null;
  /** Whether everyone can make an account. */
  registration?: boolean;
  /** What the service can beyond ROB's published API; what is not listed is not offered. */
  additions?: string[];
  role?: 'participant' | 'coordinator' | 'administrator' | null;
}

export interface ICredentials {
  username: string;
  password: string;
  /** Whether the Jupyter server keeps the token beyond its own life. */
  remember?: boolean;
  /** Whether to make the account first. */
  register?: boolean;
}

export interface IBenchmark {
  id: string;
  name: string;
  description?: string;
  instructions?: string;
  /** Counts from 1. */
  version?: number;
}

export interface IGroup {
  id: string;
  name: string;
}

export interface IParameter {
  dtype: string;
  name: string;
  index: number;
  isRequired: boolean;
  label?: string | null;
  help?: string | null;
  defaultValue?: JSONValue;
  target?: string | null;
  /** An interval such as `[0,10)`; a side may be empty or infinite. */
  range?: string | null;
  values?: { name: string; value: string | number; isDefault?: boolean }[];
}

export interface INotebookStep {
  parameter: string;
  step: string;
}

export interface IBenchmarkDetail extends IBenchmark {
  parameters: IParameter[];
  groups: IGroup[];
  notebookSteps?: INotebookStep[];
  /** Whether notebooks are given files; an older service does not tell. */
  hasData?: boolean;
  isCoordinator?: boolean;
  /** The newest post-processing that succeeded. */
  postproc?: IPostprocessing | null;
  /** Only told to coordinators. */
  postprocStatus?: IPostprocessingStatus | null;
}

/** Plots and tables that were made of all results. */
export interface IPostprocessing {
  id: string;
  createdAt: string;
  finishedAt?: string | null;
  files?: IRunFile[];
}

export interface IPostprocessingStatus {
  state: 'IDLE' | 'PENDING' | 'RUNNING' | 'ERROR';
  message?: string | null;
}

export type RunState = 'PENDING' | 'RUNNING' | 'SUCCESS' | 'ERROR' | 'CANCELED';

export type ResultValue = string | number | boolean | null;

export interface IProgress {
  step: string | null;
  cell: number | null;
  cells: number | null;
  /** Seconds since the run started. */
  elapsed: number | null;
  /** The place in the queue of a run that waits; 1 is next. */
  position?: number | null;
  /** Seconds that the whole run will probably take. */
  expected?: number | null;
  /** Seconds for which it has neither used the processor nor printed. */
  idle?: number | null;
}

/** Who can do something about an error. */
export type Blame = 'participant' | 'coordinator' | 'service';

export interface ICause {
  /** `notebook`, `memory`, `service` and so on; a newer service may know more. */
  kind: string;
  blame?: Blame | null;
  step: string | null;
  /** Counts from 1. */
  cell: number | null;
  cellId: string | null;
  ename: string | null;
  evalue: string | null;
  message: string;
}

/** A notebook of a run, by the parameter that it filled. */
export interface ISubmitted {
  parameter: string;
  name: string;
  sha256: string;
}

export interface IArgument {
  name: string;
  value: JSONValue;
}

export interface IRunFile {
  id: string;
  name: string;
  title?: string | null;
  caption?: string | null;
  format?: { type?: string } | null;
}

/** A run; a classic server leaves out what it does not know. */
export interface IRun {
  id: string;
  state: RunState;
  createdAt: string;
  workflowId: string;
  groupId: string;
  groupName: string | null;
  /** The first of those that were submitted. */
  notebook: { name: string; sha256: string } | null;
  submitted?: ISubmitted[] | null;
  progress: IProgress | null;
  result: Record<string, ResultValue> | null;
  rank: number | null;
  notebooks?: { step: string; name: string }[];
  cause: ICause | null;
  /** Counts from 1; the second is made when the service has lost the first. */
  attempt?: number | null;
  /** Bytes of the log as the last event told; REST does not tell. */
  logSize?: number | null;
  startedAt?: string | null;
  finishedAt?: string | null;
  messages?: string[];
  arguments?: IArgument[];
  /** As they were declared when the run was submitted. */
  parameters?: IParameter[];
  files?: IRunFile[];
}

export interface IColumn {
  name: string;
  label: string;
  dtype: string;
}

export interface IRanking {
  run: { id: string; createdAt: string };
  group: IGroup;
  results: { name: string; value: ResultValue }[];
  rank: number | null;
  /** The version of the benchmark that the run was made with. */
  version?: number;
}

export interface IOrder {
  name: string;
  sortDesc: boolean;
}

export interface ILeaderboard {
  schema: IColumn[];
  ranking: IRanking[];
  /** What the ranking is made by; a classic server leaves it out. */
  orderBy?: IOrder[];
  /** How many rows there are in all. */
  total?: number;
  /** The version of the benchmark now. */
  version?: number;
}

/** A part of a leaderboard, and by which column instead of the benchmark's own. */
export interface ILeaderboardQuery {
  limit?: number;
  offset?: number;
  orderBy?: IOrder;
}

/** The column that a short list shows: the first that the ranking is made by. */
export function mainColumn(board: ILeaderboard | null): IColumn | null {
  const name = board?.orderBy?.[0]?.name;
  const columns = board?.schema ?? [];
  return columns.find(column => column.name === name) ?? columns[0] ?? null;
}

export interface IProblem {
  severity: 'error' | 'warning';
  message: string;
  /** Counts from 1. */
  cell?: number | null;
  parameter?: string | null;
  /** The parameter whose notebook it is about; only said where there are several. */
  notebook?: string | null;
}

/** A notebook as shown. */
export interface INotebookSent {
  name: string;
  content: INotebookContent;
}

export interface ICheckRequest {
  benchmark: string;
  /** Fills all parameters for notebooks but those below; left out when none is left. */
  notebook?: INotebookSent;
  /** By the parameter that it fills. */
  notebooks?: Record<string, INotebookSent>;
  arguments: JSONObject;
}

export interface ICheckAnswer {
  problems: IProblem[];
  /** Of the whole notebook; null when none is sent for several parameters. */
  sha256: string | null;
  parameters: string[] | null;
  format?: NotebookFormat;
  /** What each parameter for a notebook is given. */
  parts?: ICheckedPart[];
}

/** What a parameter is given: its cells of a notebook. */
export interface ICheckedPart {
  parameter: string;
  name: string;
  format: NotebookFormat;
  sha256: string;
  /** How many of the notebook's code cells it has. */
  cells: number;
}

/** As what a notebook is sent. */
export type NotebookFormat = 'notebook' | 'script';

/** What a submission would upload. */
export interface IExport {
  format: NotebookFormat;
  name: string;
  content: string;
  problems: IProblem[];
  sha256: string;
  parts?: IExportedPart[];
}

/** What a submission would upload for a parameter. */
export interface IExportedPart {
  parameter: string;
  format: NotebookFormat;
  name: string;
  content: string;
  sha256: string;
}

export interface ISubmitRequest extends ICheckRequest {
  submission?: string;
}

/** A hint that a run has changed. */
export interface IRunEvent {
  run: string;
  benchmark: string;
  submission: string;
  state: RunState;
  step?: string | null;
  cell?: number | null;
  cells?: number | null;
  elapsed?: number | null;
  position?: number | null;
  expected?: number | null;
  idle?: number | null;
  attempt?: number | null;
  /** Bytes of the log. */
  logSize?: number | null;
  message?: string | null;
  cause?: ICause | null;
  result?: Record<string, ResultValue> | null;
  rank?: number | null;
}

/** How the service is. */
export interface IServiceStatus {
  /** Absent in a service that knows of no sandbox. */
  sandbox?: ISandbox | null;
}

/** What keeps runs from what they must not read or change. */
export interface ISandbox {
  /** Null when there is none. */
  kind: string | null;
  /** What is not protected, and why there is no sandbox. */
  message: string | null;
}

/** Whether a run is of several notebooks, or of several parts of one. */
export function hasSeveral(run: { submitted?: ISubmitted[] | null }): boolean {
  return (run.submitted ?? []).length > 1;
}

/** Whether a run can still change. */
export function isActive(run: { state: RunState }): boolean {
  return run.state === 'PENDING' || run.state === 'RUNNING';
}
