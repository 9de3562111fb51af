import { expect, test } from '@jupyterlab/galata';
import * as path from 'path';
import { RobPanel } from './panel';

/** Where the pictures go: docs/images, when they are to be renewed. */
const FOLDER =
  process.env.ROB_SCREENSHOTS ??
  path.resolve(__dirname, '..', 'test-results', 'screenshots');

/** What docs/tutorial.md tells: two notebooks, submitted by mouse and compared on one plot. */
test('compares two top taggers on the plot of the ROC curves', async ({
  page,
  tmpPath
}) => {
  test.setTimeout(300_000);
  const picture = (name: string) =>
    page.screenshot({ path: path.join(FOLDER, `tutorial-${name}.png`) });
  const panel = new RobPanel(page);
  await panel.open('Top tagger');
  await page.sidebar.setWidth(300, 'left');
  await page.theme.setLightTheme();

  await panel.openExample('top-tagger-mass.ipynb', tmpPath);
  await panel.name.fill('mass window');
  await expect(panel.source('Pre-processing')).toContainText(
    'this notebook, 5 cells'
  );
  await expect(
    page.getByRole('heading', { name: 'Tag top jets by their mass' })
  ).toBeVisible();
  await picture('panel');
  await panel.submit();
  await panel.expectState('SUCCESS', 120_000);
  await expect(panel.mine).toContainText('mass window');
  await picture('run');

  await panel.openExample('top-tagger-nsubjettiness.ipynb', tmpPath);
  await panel.name.fill('N-subjettiness');
  await panel.submit();
  await panel.expectState('SUCCESS', 180_000);

  await panel.node.getByRole('button', { name: 'Plots and tables' }).click();
  const plots = page.locator('.jp-RobPlots');
  const image = plots.locator('img').first();
  await expect(plots.locator('table')).toContainText('N-subjettiness');
  await expect(plots.locator('table')).toContainText('mass window');
  await expect(image).toBeInViewport();
  await expect
    .poll(() => image.evaluate((node: HTMLImageElement) => node.naturalWidth))
    .toBeGreaterThan(0);
  // The legend names both curves.
  const drawn = await page.evaluate(
    async url => {
      const answer = await fetch(url, { credentials: 'same-origin' });
      return answer.text();
    },
    (await image.getAttribute('src')) ?? ''
  );
  expect(drawn).toContain('mass window');
  expect(drawn).toContain('N-subjettiness');
  await picture('plots');
});
