// A headless Chromium, for the scripts beside this file.

import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';

const LIMIT = 30_000; // milliseconds

// Opens a URL and does something there. Whatever the page loads from elsewhere, or says in its
// console, fails.
export const visit = async (url, act) => {
  const browser = await launch();
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
    await page.setViewport({ width: 1200, height: 1000 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    const response = await page.goto(url, { waitUntil: 'domcontentloaded' });
    assert.equal(response.status(), 200);
    assert.ok(response.headers()['content-security-policy'].startsWith("default-src 'none'"));
    await act(hands(page));
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
  }
};

// What a person does with the page.
const hands = (page) => {
  const text = (selector) => page.$eval(selector, (node) => node.textContent);
  const waitFor = (selector, wanted) =>
    page.waitForFunction((s, w) => document.querySelector(s)?.textContent.includes(w), {}, selector, wanted);
  const choose = async (name) => {
    await page.waitForFunction(
      (wanted) => [...document.querySelectorAll('#list button')].some((button) => button.textContent === wanted), {}, name);
    await page.evaluate((wanted) => {
      [...document.querySelectorAll('#list button')].find((button) => button.textContent === wanted).click();
    }, name);
    await waitFor('#detail h3', name);
  };
  const call = () => page.click('#detail button.go');
  return { page, text, waitFor, choose, call };
};

const launch = async () => {
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
  return puppeteer.launch({
    // One process for everything is for Lambda's little memory.
    args: [...chromium.args.filter((one) => !['--single-process', '--no-zygote'].includes(one)), '--no-proxy-server'],
    executablePath,
    headless: 'shell',
  });
};
