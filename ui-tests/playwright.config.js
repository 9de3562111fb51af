/**
 * Galata's configuration, with a browser and a port that can be chosen:
 * ROB_UI_PORT is the port of the server, CHROMIUM_PATH the browser's program.
 */
const baseConfig = require('@jupyterlab/galata/lib/playwright-config');

const port = process.env.ROB_UI_PORT || '8888';
const url = `http://localhost:${port}`;

// Galata asks this server directly, too.
process.env.TARGET_URL = url;

module.exports = {
  ...baseConfig,
  // The tests share one service, whose runs are listed in each.
  workers: 1,
  reporter: 'list',
  // A busy machine may take longer than Galata's own helpers wait; a test that
  // needs its second chance is reported as flaky.
  retries: process.env.CI ? 1 : 0,
  expect: { timeout: 30000 },
  timeout: 120000,
  use: {
    ...baseConfig.use,
    baseURL: url,
    trace: 'off',
    video: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH || '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: {
    command: 'jlpm start',
    url: `${url}/lab`,
    timeout: 120000,
    reuseExistingServer: false,
    // Time to end the embedded service.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 15000 }
  }
};
