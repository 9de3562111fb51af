import { expect, IJupyterLabPageFixture, test } from '@jupyterlab/galata';
import * as path from 'path';
import { RobPanel } from './panel';

/** Where the pictures go: docs/images, when they are to be renewed. */
const FOLDER =
  process.env.ROB_SCREENSHOTS ??
  path.resolve(__dirname, '..', 'test-results', 'screenshots');

const PASSWORD = 'correct horse';

// A server whose service wants a name and a password.
test.use({ baseURL: `http://localhost:${process.env.ROB_UI_SHARED_PORT}` });

async function fill(panel: RobPanel, name: string, password: string) {
  await panel.login.getByLabel('User name').fill(name);
  await panel.login.getByLabel('Password').fill(password);
  await panel.login.getByLabel('Password').press('Enter');
}

/** Make an account that no other test has. */
async function register(panel: RobPanel): Promise<string> {
  const name = `user-${Date.now()}`;
  await panel.login.getByRole('button', { name: 'Create an account' }).click();
  await fill(panel, name, PASSWORD);
  await panel.choose();
  return name;
}

/** Change the password elsewhere, which ends all log-ins. */
async function changePassword(
  page: IJupyterLabPageFixture,
  username: string,
  password: string
): Promise<void> {
  const session = await page.request.get('/rob/session');
  const { url } = await session.json();
  const login = await page.request.post(`${url}/users/login`, {
    data: { username, password: PASSWORD }
  });
  const { token } = await login.json();
  const reset = await page.request.post(`${url}/users/password/reset`, {
    headers: { Authorization: `token ${token}` },
    data: { username, password, current: PASSWORD }
  });
  expect(reset.ok()).toBe(true);
}

test.beforeEach(async ({ page }) => {
  const panel = new RobPanel(page);
  await panel.show();
  await page.sidebar.setWidth(300, 'left');
  await expect(panel.login.or(panel.submitButton)).toBeVisible();
  if (await panel.submitButton.isVisible()) {
    await panel.service.click();
    await panel.node.getByRole('button', { name: 'Log out' }).click();
  }
  await expect(panel.login).toBeVisible();
});

test('registers, logs out, and in again', async ({ page }) => {
  const panel = new RobPanel(page);
  await expect(panel.login).toContainText('127.0.0.1:');
  await expect(panel.submitButton).toBeHidden();
  const name = await register(panel);
  await expect(panel.service).toContainText(name);
  await panel.service.click();
  await panel.node.getByRole('button', { name: 'Log out' }).click();

  await fill(panel, name, 'wrong horse');
  await expect(panel.login.getByRole('alert')).toContainText('wrong');
  await expect(panel.login.getByLabel('Password')).toHaveValue('');
  await expect(panel.login.getByLabel('Password')).toBeFocused();
  await page.theme.setLightTheme();
  await page.screenshot({ path: path.join(FOLDER, 'login.png') });
  await page.theme.setDarkTheme();
  await page.screenshot({ path: path.join(FOLDER, 'login-dark.png') });

  await fill(panel, name, PASSWORD);
  await expect(panel.service).toContainText(name);
  const state = await page.request.get('/lab/api/workspaces/default');
  expect(await state.text()).not.toContain(PASSWORD);
});

test('goes on where it was when the log-in has ended', async ({
  page,
  tmpPath
}) => {
  const panel = new RobPanel(page);
  const name = await register(panel);
  await panel.openExample('number-predictor.ipynb', tmpPath);
  await panel.name.fill('the team');
  await changePassword(page, name, 'another horse');

  await panel.submitButton.click();
  await expect(panel.login).toContainText('is submitted after the log-in');
  await expect(panel.login.getByLabel('User name')).toHaveValue(name);
  await expect(panel.login.getByLabel('Password')).toBeFocused();
  await panel.login.getByLabel('Password').fill('another horse');
  await panel.login.getByLabel('Password').press('Enter');

  await panel.expectState('SUCCESS');
  await expect(panel.name).toHaveValue('the team');
  await expect(panel.run).toContainText('the team');
  await expect(panel.mine).toContainText('the team');
});
