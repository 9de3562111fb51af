import { expect, test } from '@jupyterlab/galata';
import * as path from 'path';
import { RobPanel } from './panel';

/** Where the pictures go: docs/images, when they are to be renewed. */
const FOLDER =
  process.env.ROB_SCREENSHOTS ??
  path.resolve(__dirname, '..', 'test-results', 'screenshots');

test('shows the plots and tables of a benchmark, which follow the runs', async ({
  page,
  tmpPath
}) => {
  const panel = new RobPanel(page);
  await panel.open();
  await page.sidebar.setWidth(300, 'left');
  await panel.openExample('number-predictor.ipynb', tmpPath);
  await panel.name.fill('plotted');
  await panel.submit();
  await panel.expectState('SUCCESS');
  await panel.node.getByRole('button', { name: 'Plots and tables' }).click();
  const plots = page.locator('.jp-RobPlots');
  const image = plots.locator('img').first();
  await expect(image).toBeInViewport();
  // It is an image that the browser could read.
  await expect
    .poll(() => image.evaluate((node: HTMLImageElement) => node.naturalWidth))
    .toBeGreaterThan(0);
  await expect(plots.locator('table')).toContainText('plotted');
  await page.theme.setLightTheme();
  await page.screenshot({ path: path.join(FOLDER, 'plots.png') });
  await page.theme.setDarkTheme();
  await page.screenshot({ path: path.join(FOLDER, 'plots-dark.png') });

  // While the tab is open, another submission comes in.
  const url = await image.getAttribute('src');
  await panel.openExample('number-predictor-linear.ipynb', tmpPath);
  await panel.name.fill('plotted later');
  await panel.submit();
  await panel.expectState('SUCCESS');
  await page.activity.activateTab('Leaderboard: Number predictor');
  await expect(plots.locator('table')).toContainText('plotted later');
  await expect(image).not.toHaveAttribute('src', url ?? '');
});
