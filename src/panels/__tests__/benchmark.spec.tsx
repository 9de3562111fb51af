import { act } from 'react';
import { makeBenchmark, makeSession, Server } from '../../__tests__/server';
import type { RobModel } from '../../model';
import { CommandIDs } from '../../tokens';
import { BenchmarkSection } from '../benchmark';
import { EVIL, Stage } from './stage';

let stage: Stage;
let server: Server;
let model: RobModel;
let executed: Stage['executed'];
let node: HTMLElement;

beforeEach(() => {
  stage = new Stage();
  ({ server, model, executed, node } = stage);
});

afterEach(() => stage.dispose());

const show = (Section: typeof BenchmarkSection) => stage.show(Section);
const click = (element: Element | null) => stage.click(element);
const button = (text: string) => stage.button(text);

describe('BenchmarkSection', () => {
  it('should show the description as text', async () => {
    await model.refresh();
    await show(BenchmarkSection);
    expect(node.querySelector('img')).toBeNull();
    expect(node.textContent).toContain(EVIL);
  });

  it('should open instructions and leaderboard', async () => {
    await model.refresh();
    await show(BenchmarkSection);
    await click(button('Instructions'));
    await click(button('Leaderboard'));
    expect(executed.map(([id]) => id)).toEqual([
      CommandIDs.showInstructions,
      CommandIDs.openLeaderboard
    ]);
  });

  it('should offer the data where the service hands it out', async () => {
    const link = () => node.querySelector('a[download]');
    await model.refresh();
    await show(BenchmarkSection);
    expect(link()).toBeNull();
    const additions = ['benchmark-data'];
    await act(async () => model.account.take(makeSession({ additions })));
    expect(link()?.getAttribute('href')).toMatch(
      /\/rob\/api\/v1\/workflows\/b1\/data$/
    );
    expect(link()?.textContent).toBe('Data');
  });

  it.each([
    [true, 1],
    [false, 0]
  ])('should offer them if there are any: %s', async (hasData, count) => {
    const additions = ['benchmark-data'];
    server.answers['GET session'] = makeSession({ additions });
    server.answers['GET api/v1/workflows/b1'] = makeBenchmark({ hasData });
    await model.refresh();
    await show(BenchmarkSection);
    expect(node.querySelectorAll('a[download]')).toHaveLength(count);
  });
});
