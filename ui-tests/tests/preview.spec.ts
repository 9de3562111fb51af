import { expect, test } from '@jupyterlab/galata';
import { RobPanel } from './panel';

const NAME = 'number-predictor.ipynb';

test('shows what will be sent, with unsaved edits', async ({
  page,
  tmpPath
}) => {
  const panel = new RobPanel(page);
  await panel.open();
  await panel.openExample(NAME, tmpPath, ['edited = "not saved"']);
  const hash = panel.node.locator('.jp-RobHash');
  await expect(hash).toBeVisible();
  await panel.node.getByRole('button', { name: 'Preview' }).click();
  const preview = page.locator('.jp-RobPreview');
  await expect(preview.getByRole('heading', { level: 1 })).toHaveText(NAME);
  const cells = preview.locator('.jp-RobPreview-editor');
  await expect(cells.last()).toContainText('edited = "not saved"');
  // The panel checks the edits a moment after the last one.
  await expect(hash).toHaveText(await preview.locator('code').innerText());
  await cells.last().click();
  await page.keyboard.type('changed');
  await expect(cells.last()).not.toContainText('changed');
  await expect(page.locator('.jp-RobPreview')).toHaveCount(1);
});
