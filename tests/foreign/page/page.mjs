// The page of `serve` in a headless Chromium: looked at, and used as a person would.
//
//   node page.mjs URL FOLDER
//
// Asserts, writes light.png, dark.png and narrow.png into the folder, and prints one JSON object.
// Whatever the page loads from elsewhere, or says in its console, fails.

import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';

const LIMIT = 30_000; // milliseconds

const [url, folder] = process.argv.slice(2);
chromium.setGraphicsMode = false;
const executablePath = await chromium.executablePath();
// The package's own list of fonts names folders of Lambda, and without any font Chromium ends.
const fonts = path.join(os.tmpdir(), 'fonts');
process.env.FONTCONFIG_FILE = path.join(os.tmpdir(), 'fonts.conf');
await fs.writeFile(process.env.FONTCONFIG_FILE, `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${fonts}</dir><dir>/usr/share/fonts</dir><cachedir>${fonts}-cache</cachedir>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>
`);
const browser = await puppeteer.launch({
  // One process for everything is for Lambda's little memory.
  args: [...chromium.args.filter((one) => !['--single-process', '--no-zygote'].includes(one)), '--no-proxy-server'],
  executablePath,
  headless: 'shell',
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT);
  const faults = [];
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith('data:') && new URL(asked).origin !== new URL(url).origin) faults.push(`loads ${asked}`);
  });
  const text = (selector) => page.$eval(selector, (node) => node.textContent);
  const waitFor = (selector, wanted) =>
    page.waitForFunction((s, w) => document.querySelector(s)?.textContent.includes(w), {}, selector, wanted);
  const choose = async (name) => {
    await page.evaluate((wanted) => {
      [...document.querySelectorAll('#list button')].find((button) => button.textContent === wanted).click();
    }, name);
    await waitFor('#detail h3', name);
  };

  await page.setViewport({ width: 1200, height: 1000 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  const response = await page.goto(url, { waitUntil: 'domcontentloaded' });
  assert.equal(response.status(), 200);
  assert.ok(response.headers()['content-security-policy'].startsWith("default-src 'none'"));
  await waitFor('#state', 'live');

  // Where to connect.
  const origin = new URL(url).origin;
  assert.equal(await text('#line'), `claude mcp add --transport http mcp-lambda ${origin}/mcp`);
  for (const tab of await page.$$('#clients button')) {
    await tab.click();
    assert.ok((await text('#line')).includes(origin), await text('#line'));
  }
  await (await page.$('#clients button')).click();

  // The catalog, filtered.
  await waitFor('#list', 'forecast');
  assert.ok((await text('#list')).includes('weather_report'));
  await page.type('#filter', 'FORE');
  assert.ok(!(await text('#list')).includes('book_table'));
  await page.$eval('#filter', (input) => {
    input.value = '';
    input.dispatchEvent(new Event('input'));
  });

  // A call, by its form.
  await choose('forecast');
  assert.ok((await text('#detail')).includes('"city"'), 'the schema is shown');
  await page.type('#field-city', 'Oslo');
  await page.type('#field-days', '2');
  await page.click('#detail button.go');
  await waitFor('#answer', 'celsius');
  assert.ok((await text('#detail .exchange')).includes('"days": 2'), 'a number is sent as a number');
  await waitFor('#requests', 'tools/call forecast');
  await page.screenshot({ path: path.join(folder, 'light.png'), fullPage: true });

  // Progress comes before the answer, and a failure shows as one.
  await choose('countdown');
  await page.type('#field-from', '2');
  await page.click('#detail button.go');
  await waitFor('#answer', 'lifted');
  assert.ok((await text('#answer')).includes('notifications/progress'));
  await choose('forecast');
  await page.type('#field-city', 'Atlantis');
  await page.click('#detail button.go');
  await waitFor('#detail .exchange', 'the tool failed');

  // Resources and prompts.
  await choose('legend');
  await page.click('#detail button.go');
  await waitFor('#answer', 'sunny');
  await choose('weather_report');
  await page.type('#field-city', 'Oslo');
  await page.click('#detail button.go');
  await waitFor('#answer', 'forecast tool for Oslo');

  // What is registered meanwhile appears by itself, and is text, whatever it says.
  const evil = '<img src=x onerror="document.title=1">';
  const added = { type: 'resource', name: 'late', title: evil, description: evil, uri: 'late://comer', text: evil };
  const made = await fetch(`${origin}/register`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(added),
  });
  assert.equal(made.status, 201);
  await waitFor('#list', 'late');
  await choose('late');
  await page.click('#detail button.go');
  await waitFor('#answer', 'onerror');
  assert.equal(await page.title(), 'mcp-lambda');

  await choose('forecast');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.screenshot({ path: path.join(folder, 'dark.png'), fullPage: true });
  await page.setViewport({ width: 400, height: 900 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 400, `${wide} pixels do not fit on a small screen`);
  await page.screenshot({ path: path.join(folder, 'narrow.png'), fullPage: true });
  assert.deepEqual(faults, []);
  console.log(JSON.stringify({ ok: true, rows: await page.$$eval('#requests tr', (rows) => rows.length) }));
} finally {
  await browser.close();
}
