import { expect, test } from '@jupyterlab/galata';
import * as path from 'path';
import { RobPanel } from './panel';

/** Where the pictures go: docs/images, when they are to be renewed. */
const FOLDER =
  process.env.ROB_SCREENSHOTS ??
  path.resolve(__dirname, '..', 'test-results', 'screenshots');

test('looks well in a narrow sidebar', async ({ page, tmpPath }) => {
  const panel = new RobPanel(page);
  await panel.open();
  await page.sidebar.setWidth(300, 'left');
  await panel.openExample('number-predictor-linear.ipynb', tmpPath);
  await panel.name.fill('bob');
  await panel.submit();
  await panel.expectState('SUCCESS');
  await panel.openExample('number-predictor.ipynb', tmpPath);
  await panel.name.fill('alice');
  await panel.submit();
  await panel.expectState('SUCCESS');
  await page.notebook.addCell('code', 'scores.mean()');
  await panel.submit();
  await panel.expectState('ERROR');
  await page.notebook.setCell(9, 'code', 'import time; time.sleep(600)');
  await panel.submit();
  await expect(panel.run).toContainText('cell 10 of 10');
  await expect(panel.mine).toContainText('alice');
  await page.notebook.selectCells(0);

  // Nothing sticks out at the side.
  const overflow = await panel.node.evaluate(node =>
    [...node.querySelectorAll('*')]
      .filter(
        element =>
          element.getBoundingClientRect().right >
            node.getBoundingClientRect().right + 1 &&
          !element.closest('.jp-RobEllipsis, .jp-RobUnseen')
      )
      .map(element => element.className)
  );
  expect(overflow).toEqual([]);

  // The last submission was told of for a while.
  await expect(page.locator('.Toastify__toast')).toHaveCount(0);
  await page.theme.setLightTheme();
  await page.screenshot({ path: path.join(FOLDER, 'panel.png') });
  await page.theme.setDarkTheme();
  await page.screenshot({ path: path.join(FOLDER, 'panel-dark.png') });

  await panel.run.getByRole('button', { name: 'Cancel the run' }).click();
  await page.locator('.jp-Dialog .jp-mod-warn').click();
  await panel.expectState('CANCELED');
});
