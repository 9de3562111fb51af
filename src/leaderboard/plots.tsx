import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';
import { formatTime, formatValue } from '../format';
import type { PostprocessingModel } from '../models/postprocessing';
import { PostprocessingStatus } from '../panels/postprocessing';
import { useModel } from '../panels/props';
import type { IRunFile } from '../protocol';
import type { RobService } from '../service';
import { parseSeparated, Rows, toTable } from './resulttable';

/** The most bytes of a table or text that are shown here, and the most rows. */
const MOST_BYTES = 1 << 20;
const MOST_ROWS = 200;

type Kind = 'image' | 'csv' | 'tsv' | 'json' | 'text' | 'other';

const KINDS: Record<string, Kind> = {
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  svg: 'image',
  csv: 'csv',
  tsv: 'tsv',
  json: 'json',
  txt: 'text',
  log: 'text',
  md: 'text'
};

interface IFileProps {
  file: IRunFile;
  benchmark: string;
  service: RobService;
  trans: TranslationBundle;
}

/** What was made of all results of a benchmark. */
export function Plots(props: {
  model: PostprocessingModel;
  service: RobService;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, service, trans } = props;
  useModel(model);
  const { benchmark, result, status } = model;
  const files = result?.files ?? [];
  const told = <PostprocessingStatus status={status} trans={trans} />;
  if (benchmark === null || !result || files.length === 0) {
    return told;
  }
  const time = result.finishedAt ?? result.createdAt;
  return (
    <section
      className="jp-RobPlots"
      aria-label={trans.__('Plots and tables')}
      tabIndex={-1}
    >
      <h2>{trans.__('Plots and tables')}</h2>
      {told}
      {time && (
        <p className="jp-RobHint">{trans.__('Made %1', formatTime(time))}</p>
      )}
      {files.map(file => (
        <File
          // Each post-processing has files of its own.
          key={`${result.id}/${file.id}`}
          file={file}
          benchmark={benchmark}
          service={service}
          trans={trans}
        />
      ))}
    </section>
  );
}

/** How a file is shown: by its declared type, else by its name. */
export function kindOf(file: IRunFile): Kind {
  const suffix = /\.([^.]+)$/.exec(file.name)?.[1].toLowerCase() ?? '';
  const type = file.format?.type?.toLowerCase();
  switch (type) {
    case 'csv':
    case 'json':
      return type;
    case 'plaintext':
      return 'text';
    default:
      return KINDS[suffix] ?? 'other';
  }
}

function File(props: IFileProps): JSX.Element {
  const { file, benchmark, service, trans } = props;
  const kind = kindOf(file);
  const title = file.title || file.name;
  const url = service.postprocessingUrl(benchmark, file.id);
  return (
    <figure className="jp-RobPlot" data-kind={kind}>
      <h3>{title}</h3>
      {kind === 'image' ? (
        // An image by its address runs no script, also when it is an SVG.
        <img src={url} alt={file.caption || title} />
      ) : kind === 'other' ? null : (
        <TextFile {...props} kind={kind} />
      )}
      <figcaption>
        {file.caption && <span>{file.caption}</span>}
        <a
          href={url}
          download={file.name.split('/').pop()}
          title={trans.__('Download %1', file.name)}
        >
          <span aria-hidden="true">{'↓ '}</span>
          {trans.__('Download')}
        </a>
      </figcaption>
    </figure>
  );
}

/** A table, or text as it is. */
function TextFile(props: IFileProps & { kind: Kind }): JSX.Element {
  const { file, benchmark, service, trans, kind } = props;
  const [text, setText] = useState<string | null>();
  const [error, setError] = useState('');
  useEffect(() => {
    let isWanted = true;
    service.postprocessingText(benchmark, file.id, MOST_BYTES).then(
      content => isWanted && setText(content),
      (reason: Error) => isWanted && setError(reason.message)
    );
    return () => {
      isWanted = false;
    };
  }, [service, benchmark, file.id]);
  if (error) {
    return <p className="jp-RobHint">{error}</p>;
  }
  if (text === undefined) {
    return <p className="jp-RobHint">{trans.__('Loading…')}</p>;
  }
  if (text === null) {
    return (
      <p className="jp-RobHint">
        {trans.__('This file is too long to be shown here.')}
      </p>
    );
  }
  const rows = parse(text, kind);
  return rows ? (
    <Table rows={rows} label={file.title || file.name} trans={trans} />
  ) : (
    <pre tabIndex={0}>{text}</pre>
  );
}

function Table(props: {
  rows: Rows;
  label: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { label, trans } = props;
  const [header, ...rows] = props.rows;
  const isNumber = header.map((_, column) =>
    rows.every(row => Number.isFinite(Number(row[column])))
  );
  const dtype = (column: number) => (isNumber[column] ? 'float' : undefined);
  return (
    <>
      <table className="jp-RobTable" aria-label={label}>
        {header.some(name => name !== '') && (
          <thead>
            <tr>
              {header.map((name, column) => (
                <th key={column} scope="col" data-dtype={dtype(column)}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, index) => (
            <tr key={index}>
              {header.map((_, column) => (
                <td key={column} data-dtype={dtype(column)} title={row[column]}>
                  {isNumber[column] && row[column] !== ''
                    ? formatValue(Number(row[column]))
                    : row[column]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && (
        <p className="jp-RobHint">
          {trans.__('The first %1 of %2 rows', MOST_ROWS, rows.length)}
        </p>
      )}
    </>
  );
}

/** The rows of a table; null for what is none. */
function parse(text: string, kind: Kind): Rows | null {
  let rows: Rows | null = null;
  if (kind === 'csv' || kind === 'tsv') {
    rows = parseSeparated(text, kind === 'csv' ? ',' : '\t');
  } else if (kind === 'json') {
    try {
      rows = toTable(JSON.parse(text));
    } catch {
      // It is shown as text.
    }
  }
  return rows && rows.length > 0 ? rows : null;
}
