import { expect, test } from '@jupyterlab/galata';
import { RobPanel } from './panel';

const NAME = 'number-predictor.ipynb';

test('submits the notebook as shown and shows the score', async ({
  page,
  tmpPath
}) => {
  const panel = new RobPanel(page);
  await panel.open();
  // The second cell overwrites the predictions: the deviation below can only
  // come from the notebook with its unsaved edits.
  const target = await panel.openExample(NAME, tmpPath, [
    'import time; time.sleep(4)',
    'Path(outputfile).write_text("1000000\\n" * len(sequences))'
  ]);
  await expect(panel.node.getByText('unsaved')).toBeVisible();
  await panel.name.fill('edited');
  await panel.submit(
    page.locator('[data-jp-item-name="rob-submit"]').getByText('Submit to ROB')
  );
  await expect(panel.run).toContainText(/cell \d+ of 11/);
  await expect(panel.run.locator('progress')).toBeVisible();
  await panel.expectState('SUCCESS');
  await expect(panel.run).toContainText(/Deviation 99\d{4}/);
  await expect(panel.run).toContainText(/#\d+/);
  await expect(panel.mine).toContainText('edited');
  await expect(panel.mine).toContainText(/99\d{4}/);
  await expect(panel.node.getByText('unsaved')).toBeVisible();
  const saved = await page.request.get(`/api/contents/${target}`);
  expect(await saved.text()).toContain('outputfile');
  expect(await saved.text()).not.toContain('1000000');
});

test('shows the failing cell and its message', async ({ page, tmpPath }) => {
  const panel = new RobPanel(page);
  await panel.open();
  await panel.openExample(NAME, tmpPath, ['raise ValueError("out of luck")']);
  await panel.submit();
  await panel.expectState('ERROR');
  await expect(panel.run).toContainText('cell 10: ValueError: out of luck');
  await page.notebook.selectCells(0);
  await panel.run.getByRole('button', { name: 'Show cell 10' }).click();
  const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
  await expect(active).toContainText('out of luck');
  await expect(active).toBeInViewport();
  await panel.run.locator('.jp-RobRun-summary').click();
  const failure = panel.run.locator('.jp-RobCause');
  await expect(failure).toContainText('Cell 10 raised an error');
  await expect(failure.locator('.jp-mod-failed')).toHaveText(
    'raise ValueError("out of luck")'
  );
});

test('cancels a long run', async ({ page, tmpPath }) => {
  const panel = new RobPanel(page);
  await panel.open();
  await panel.openExample(NAME, tmpPath, [
    'print("so far so good", flush=True); import time; time.sleep(600)'
  ]);
  await panel.submit();
  await expect(panel.run).toContainText('cell 10 of 10');
  await panel.run.locator('.jp-RobRun-summary').click();
  await expect(panel.run.getByRole('log')).toContainText('so far so good');
  await panel.run.getByRole('button', { name: 'Cancel the run' }).click();
  await page
    .locator('.jp-Dialog')
    .getByRole('button', { name: 'Cancel Run' })
    .click();
  await panel.expectState('CANCELED');
});

test('tells what would be refused', async ({ page, tmpPath }) => {
  const panel = new RobPanel(page);
  await panel.open();
  await panel.openExample(NAME, tmpPath);
  await expect(panel.node.locator('.jp-RobHash')).toBeVisible();
  await page.notebook.addCell('code', 'answer = input()');
  const problem = panel.node.locator('.jp-RobProblems li', {
    hasText: 'input()'
  });
  await expect(problem).toBeVisible();
  await page.notebook.selectCells(0);
  await problem.getByRole('button').click();
  await expect(
    page.locator('.jp-Notebook .jp-Cell.jp-mod-active')
  ).toContainText('answer = input()');
});

test('renders the instructions and the whole leaderboard', async ({
  page,
  tmpPath
}) => {
  const panel = new RobPanel(page);
  await panel.open();
  await panel.openExample(NAME, tmpPath);
  await panel.submit();
  await panel.expectState('SUCCESS');
  await panel.node.getByRole('button', { name: 'Instructions' }).click();
  await expect(
    page.locator('.jp-RobInstructions').getByRole('heading', { level: 1 })
  ).toContainText('Number predictor');
  await panel.node
    .locator('.jp-RobLinks')
    .getByRole('button', { name: 'Leaderboard' })
    .click();
  await expect(page.locator('.jp-RobTable th')).toContainText([
    '#',
    'Submission',
    'Deviation',
    'Exact',
    'Score',
    'Run of'
  ]);
});
