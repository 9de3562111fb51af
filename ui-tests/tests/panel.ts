import { expect, IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import * as path from 'path';

const EXAMPLES = path.resolve(__dirname, '..', '..', 'examples');

/** The panel, as a user sees it. */
export class RobPanel {
  constructor(private readonly _page: IJupyterLabPageFixture) {}

  get node(): Locator {
    return this._page.locator('#jupyterlab-rob-panel');
  }

  /** The latest run. */
  get run(): Locator {
    return this.node.locator('.jp-RobRun').first();
  }

  get submitButton(): Locator {
    return this.node.getByRole('button', { name: 'Submit notebook' });
  }

  get name(): Locator {
    return this.node.getByLabel('As', { exact: true });
  }

  /** The list of notebooks for a step, by the step's label. */
  source(step: string): Locator {
    return this.node.locator('.jp-RobSources').getByLabel(step);
  }

  /** My row of the leaderboard. */
  get mine(): Locator {
    return this.node.locator('.jp-RobRanking tr', { hasText: '← you' });
  }

  /** The form that asks for name and password. */
  get login(): Locator {
    return this.node.locator('.jp-RobLogin');
  }

  /** What the header tells of the service; a click unfolds it. */
  get service(): Locator {
    return this.node.locator('.jp-RobHeader-service');
  }

  /** Bring the panel up with a benchmark, by its name. */
  async open(benchmark?: string): Promise<void> {
    await this.show();
    await this.choose(benchmark);
  }

  /** Choose a benchmark, by its name; by default that of most tests. */
  async choose(benchmark = 'Number predictor'): Promise<void> {
    await this.node
      .getByLabel('Benchmark', { exact: true })
      .selectOption({ label: benchmark });
    await expect(this.submitButton).toBeVisible();
  }

  /** Bring the panel up, whether one is logged in or not. */
  async show(): Promise<void> {
    await this._page.sidebar.openTab('jupyterlab-rob-panel');
  }

  /** Open a copy of an example, with cells added that are not saved. */
  async openExample(
    name: string,
    folder: string,
    cells: string[] = []
  ): Promise<string> {
    const page = this._page;
    const target = `${folder}/${name}`;
    await page.contents.uploadFile(path.join(EXAMPLES, name), target);
    // Galata's way would have to show the file browser instead of the panel.
    await page.evaluate(async path => {
      await window.jupyterapp.commands.execute('docmanager:open', { path });
    }, target);
    for (const source of cells) {
      await page.notebook.addCell('code', source);
    }
    await expect(this.node.locator('.jp-RobNotebook')).toHaveText(name);
    return target;
  }

  /** Tag cells of the current notebook for a step, or take the tag off, by the cells' context menu. */
  async tagCells(step: string, ...cells: number[]): Promise<void> {
    const page = this._page;
    for (const index of cells) {
      const cell = await page.notebook.getCellLocator(index);
      await cell?.locator('.jp-InputArea-prompt').click({ button: 'right' });
      await page
        .locator('.lm-Menu')
        .getByText(`ROB step: ${step}`, { exact: true })
        .click();
    }
  }

  /** Submit by a click and wait until a new run is listed. */
  async submit(button = this.submitButton): Promise<void> {
    const before = await this.latest();
    await expect(this.submitButton).toBeEnabled();
    await button.click();
    await expect(this.run).toBeVisible();
    if (before) {
      await expect(this.run).not.toHaveAttribute('data-run', before);
    }
  }

  async expectState(state: string, timeout = 60_000): Promise<void> {
    await expect(this.run).toHaveAttribute('data-state', state, { timeout });
  }

  private async latest(): Promise<string | null> {
    // Either there are runs or the panel says that there are none.
    await expect(this.node.locator('.jp-RobSection-runs')).not.toContainText(
      'Loading'
    );
    return (await this.run.count()) > 0
      ? this.run.getAttribute('data-run')
      : null;
  }
}
