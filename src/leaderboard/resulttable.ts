/**
 * Tables among the files of a benchmark, as rows of cells.
 */
import { JSONExt, JSONValue } from '@lumino/coreutils';

/** Rows of texts, the first of them the header. */
export type Rows = readonly (readonly string[])[];

/** A CSV or TSV file; a field may be quoted, with the quotation marks in it doubled. */
export function parseSeparated(text: string, separator = ','): Rows {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let isQuoted = false;
  const endField = () => {
    row.push(field);
    field = '';
  };
  const endRow = () => {
    endField();
    // An empty line is no row.
    if (row.length > 1 || row[0] !== '') {
      rows.push(row);
    }
    row = [];
  };
  for (let i = text.startsWith('\ufeff') ? 1 : 0; i < text.length; i++) {
    const letter = text[i];
    if (isQuoted) {
      if (letter !== '"') {
        field += letter;
      } else if (text[i + 1] === '"') {
        field += '"';
        i++;
      } else {
        isQuoted = false;
      }
    } else if (letter === '"' && field === '') {
      isQuoted = true;
    } else if (letter === separator) {
      endField();
    } else if (letter === '\n') {
      endRow();
    } else if (letter !== '\r') {
      field += letter;
    }
  }
  endRow();
  return rows;
}

/** The table that a JSON document is: a list of objects or of lists, or one object; else null. */
export function toTable(value: JSONValue): Rows | null {
  if (Array.isArray(value)) {
    if (value.length === 0) {
      return null;
    }
    if (value.every(row => Array.isArray(row))) {
      return value.map(row => (row as JSONValue[]).map(toText));
    }
    if (value.every(row => JSONExt.isObject(row))) {
      const names = [...new Set(value.flatMap(row => Object.keys(row ?? {})))];
      return [
        names,
        ...value.map(row =>
          names.map(name => toText((row as Record<string, JSONValue>)[name]))
        )
      ];
    }
    return null;
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value as Record<string, JSONValue>);
    return entries.length > 0
      ? [['', ''], ...entries.map(([name, item]) => [name, toText(item)])]
      : null;
  }
  return null;
}

function toText(value: JSONValue | undefined): string {
  if (value === null || value === undefined) {
    return '–';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
