/**
 * Galata's configuration, with a browser and a port that can be chosen:
 * ROB_UI_PORT is the port of the server, CHROMIUM_PATH the browser's program. A
 * second server, on a port that is free, uses a service at which one logs in.
 */
const { execFileSync } = require('child_process');
const baseConfig = require('@jupyterlab/galata/lib/playwright-config');

const port = process.env.ROB_UI_PORT || '8888';
const url = `http://localhost:${port}`;

// Galata asks this server directly, too.
process.env.TARGET_URL = url;

// The tests read this file, too, and are to find the same ports.
for (const name of ['ROB_UI_SHARED_PORT', 'ROB_UI_SERVICE_PORT']) {
  process.env[name] ??= execFileSync('python', ['../scripts/free_port.py'], {
    cwd: __dirname,
    encoding: 'utf8'
  }).trim();
}

/** A JupyterLab, and whatever service it comes with. */
function server(command, port) {
  return {
    command,
    env: { ...process.env, ROB_UI_PORT: port },
    url: `http://localhost:${port}/lab`,
    timeout: 120000,
    reuseExistingServer: false,
    // Time to end the service.
    gracefulShutdown: { signal: 'SIGTERM', timeout: 15000 }
  };
}

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
  webServer: [
    server('jlpm start', port),
    server('jlpm start:shared', process.env.ROB_UI_SHARED_PORT)
  ]
};
