import React, { act } from 'react';
import { makeBenchmark, makeBoard } from '../../__tests__/server';
import { LeaderboardPages } from '../../models/leaderboardpages';
import { PostprocessingModel } from '../../models/postprocessing';
import { EVIL, Stage } from '../../panels/__tests__/stage';
import type { IBenchmarkDetail, IRunFile } from '../../protocol';
import { LeaderboardPage } from '../table';
import { kindOf } from '../plots';

const BOARD = 'GET api/v1/workflows/b1/leaderboard';
const FILES = 'GET api/v1/workflows/b1/downloads/files/';

let stage: Stage;
let node: HTMLElement;
let model: LeaderboardPages;
let postprocessing: PostprocessingModel;

async function show(benchmark = makeBenchmark()): Promise<void> {
  await stage.model.refresh();
  postprocessing.take(benchmark);
  await model.refresh();
  await stage.show(({ trans, model: rob }) => (
    <LeaderboardPage
      title="Leaderboard"
      model={model}
      postprocessing={postprocessing}
      rob={rob}
      benchmark={benchmark}
      trans={trans}
    />
  ));
  await act(async () => undefined);
}

function withFiles(...files: IRunFile[]): IBenchmarkDetail {
  const createdAt = '2026-01-01T00:00:00+00:00';
  return makeBenchmark({ postproc: { id: 'p1', createdAt, files } });
}

function cells(row: Element): (string | null)[] {
  return [...row.querySelectorAll('td')].map(cell => cell.textContent);
}

beforeEach(() => {
  stage = new Stage();
  node = stage.node;
  model = new LeaderboardPages(stage.server.service, () =>
    stage.model.account.can('pagination')
  );
  model.benchmark = 'b1';
  postprocessing = new PostprocessingModel(stage.server.service);
});

afterEach(async () => {
  await stage.dispose();
  model.dispose();
  postprocessing.dispose();
});

describe('LeaderboardPage', () => {
  it('should show ranks as they are, and a dash where there is no value', async () => {
    const board = makeBoard(['a', 'b']);
    board.ranking[1].rank = 1;
    stage.server.answers[BOARD] = board;
    await show();
    const rows = [...node.querySelectorAll('tbody tr')].map(cells);
    expect(rows[0].slice(0, 4)).toEqual(['1', 'a', '3', '0.9812']);
    expect(rows[1].slice(0, 4)).toEqual(['1', 'b', '3', '–']);
  });

  it('should have the service sort by a column', async () => {
    await show();
    const heading = () =>
      [...node.querySelectorAll('th')].map(th => th.getAttribute('aria-sort'));
    expect(heading()).toEqual([null, null, 'none', 'descending', null]);
    const sorted = makeBoard(['bob', 'alice']);
    const count = [{ name: 'n', sortDesc: true }];
    stage.server.answers[`${BOARD}?orderBy=n%3Adesc`] = {
      ...sorted,
      orderBy: count
    };
    await stage.click(node.querySelector('[title="Sort by Count"]'));
    expect(heading()).toEqual([null, null, 'descending', 'none', null]);
    stage.server.answers[`${BOARD}?orderBy=n%3Aasc`] = sorted;
    await stage.click(node.querySelector('[title="Sort by Count"]'));
    expect(heading()).toEqual([null, null, 'ascending', 'none', null]);
    await stage.click(node.querySelector('[aria-label="Rank"]'));
    expect(heading()).toEqual([null, null, 'none', 'descending', null]);
  });

  it('should tell versions only when they differ', async () => {
    const board = makeBoard(['a', 'b']);
    board.version = 2;
    board.ranking.forEach(row => (row.version = 2));
    stage.server.answers[BOARD] = board;
    await show();
    expect(node.textContent).not.toContain('ersion');
    board.ranking[1].version = 1;
    await act(() => model.refresh());
    const rows = [...node.querySelectorAll('tbody tr')].map(cells);
    expect(rows.map(row => row[4])).toEqual(['version 2', 'version 1 (now 2)']);
  });

  it('should say how many there are, and show more', async () => {
    const additions = ['pagination'];
    stage.server.answers['GET session'] = {
      ...(stage.server.answers['GET session'] as object),
      additions
    };
    stage.server.answers[`${BOARD}?limit=100&offset=0`] = {
      ...makeBoard(['a', 'b']),
      total: 3
    };
    stage.server.answers[`${BOARD}?limit=100&offset=2`] = {
      ...makeBoard(['c']),
      total: 3
    };
    await show();
    expect(node.textContent).toContain('The first 2 of 3');
    await stage.click(stage.button('Show more'));
    expect(node.querySelectorAll('tbody tr')).toHaveLength(3);
    expect(stage.button('Show more')).toBeNull();
  });
});

describe('Plots', () => {
  it('should show images by their addresses only', async () => {
    await show(
      withFiles({
        id: 'f/1',
        name: 'plots/roc.svg',
        title: 'ROC',
        caption: EVIL
      })
    );
    const image = node.querySelector('img');
    expect(image?.src).toBe(
      'http://localhost:8888/user/me/rob/api/v1/workflows/b1/downloads/files/f%2F1'
    );
    expect(image?.alt).toBe(EVIL);
    expect(node.querySelector('h3')?.textContent).toBe('ROC');
    expect(node.querySelector('figcaption')?.textContent).toContain(EVIL);
    expect(node.querySelectorAll('img')).toHaveLength(1);
    expect(node.querySelector('svg')).toBeNull();
  });

  it('should show tables of CSV and JSON files', async () => {
    stage.server.answers[`${FILES}f1`] =
      `name,auc\n"${EVIL}",22.575000000000003\n`;
    stage.server.answers[`${FILES}f2`] = [{ n: 1 }];
    await show(
      withFiles(
        { id: 'f1', name: 'a.csv' },
        { id: 'f2', name: 'b', format: { type: 'json' } }
      )
    );
    const rows = [...node.querySelectorAll('.jp-RobPlot tbody tr')].map(cells);
    expect(rows).toEqual([[EVIL, '22.58'], ['1']]);
    expect(node.querySelector('img')).toBeNull();
  });

  it('should show text as it is and link to all else', async () => {
    stage.server.answers[`${FILES}f1`] = EVIL;
    await show(
      withFiles({ id: 'f1', name: 'a.txt' }, { id: 'f2', name: 'b.root' })
    );
    expect(node.querySelector('pre')?.textContent).toBe(EVIL);
    expect(
      [...node.querySelectorAll('figcaption a')].map(link =>
        link.getAttribute('download')
      )
    ).toEqual(['a.txt', 'b.root']);
    expect(stage.server.count(`${FILES}f2`)).toBe(0);
  });

  it('should not show what is too long', async () => {
    stage.server.answers[`${FILES}f1`] = 'x'.repeat((1 << 20) + 1);
    await show(withFiles({ id: 'f1', name: 'a.csv' }));
    expect(node.textContent).toContain('too long');
  });

  it('should tell coordinators that they could not be made', async () => {
    const status = { state: 'ERROR', message: 'no such file' } as const;
    await show(makeBenchmark({ postprocStatus: status }));
    expect(node.textContent).not.toContain('no such file');
    await act(async () =>
      postprocessing.take(
        makeBenchmark({ isCoordinator: true, postprocStatus: status })
      )
    );
    expect(node.textContent).toContain('could not be made: no such file');
  });

  it('should know the kinds of files', () => {
    const kinds = ['a.PNG', 'a.jpeg', 'a.tsv', 'a.html', 'a'].map(name =>
      kindOf({ id: 'f', name })
    );
    expect(kinds).toEqual(['image', 'image', 'tsv', 'other', 'other']);
  });
});

describe('PostprocessingModel', () => {
  afterEach(() => jest.useRealTimers());

  it('should ask until new plots are there', async () => {
    const { server } = stage;
    server.answers['GET api/v1/workflows/b1'] = withFiles();
    await postprocessing.refresh();
    postprocessing.take(withFiles());
    jest.useFakeTimers();
    postprocessing.follow();
    await jest.advanceTimersByTimeAsync(4000);
    expect(server.count('GET api/v1/workflows/b1')).toBe(2);
    const fresh = withFiles();
    Object.assign(fresh.postproc ?? {}, { id: 'p2' });
    server.answers['GET api/v1/workflows/b1'] = fresh;
    await jest.advanceTimersByTimeAsync(60000);
    expect(postprocessing.result?.id).toBe('p2');
    expect(server.count('GET api/v1/workflows/b1')).toBe(3);
  });

  it('should ask as long as they are being made', async () => {
    const { server } = stage;
    const making = makeBenchmark({
      isCoordinator: true,
      postprocStatus: { state: 'RUNNING' }
    });
    server.answers['GET api/v1/workflows/b1'] = making;
    jest.useFakeTimers();
    postprocessing.take(making);
    await jest.advanceTimersByTimeAsync(90000);
    expect(postprocessing.status?.state).toBe('RUNNING');
    const fresh = { ...withFiles(), isCoordinator: true };
    server.answers['GET api/v1/workflows/b1'] = fresh;
    await jest.advanceTimersByTimeAsync(600000);
    expect(postprocessing.result?.id).toBe('p1');
    expect(server.count('GET api/v1/workflows/b1')).toBeLessThan(12);
  });

  it('should adopt what another model of its benchmark knows', async () => {
    const other = new PostprocessingModel(stage.server.service);
    other.take(withFiles());
    postprocessing.take(makeBenchmark({ id: 'b2' }));
    postprocessing.adopt(other);
    expect(postprocessing.result).toBeNull();
    postprocessing.take(makeBenchmark());
    postprocessing.adopt(other);
    expect(postprocessing.result?.id).toBe('p1');
    other.dispose();
  });

  it('should give up when there are none', async () => {
    const { server } = stage;
    postprocessing.take(makeBenchmark());
    jest.useFakeTimers();
    postprocessing.follow();
    await jest.advanceTimersByTimeAsync(600000);
    expect(server.count('GET api/v1/workflows/b1')).toBe(5);
  });
});
