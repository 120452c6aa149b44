// The page of `serve` in a headless Chromium: looked at, and used as a person would.
//
//   node page.mjs URL FOLDER
//
// The URL is that of a server with what `examples/` registers. Asserts, and writes light.png,
// question.png, dark.png and narrow.png into the folder.

import assert from 'node:assert/strict';
import path from 'node:path';
import { visit } from './browser.mjs';

const [url, folder] = process.argv.slice(2);
await visit(url, async ({ page, text, waitFor, choose, call }) => {
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
  await call();
  await waitFor('#answer', 'celsius');
  assert.ok((await text('#detail .exchange')).includes('"days": 2'), 'a number is sent as a number');
  await waitFor('#requests', 'tools/call forecast');
  await page.screenshot({ path: path.join(folder, 'light.png'), fullPage: true });

  // Progress comes before the answer, and a failure shows as one.
  await choose('countdown');
  await page.type('#field-from', '2');
  await call();
  await waitFor('#answer', 'lifted');
  assert.ok((await text('#answer')).includes('notifications/progress'));
  await choose('forecast');
  await page.type('#field-city', 'Atlantis');
  await call();
  await waitFor('#detail .exchange', 'the tool failed');

  // A function that asks: nothing, no, and an answer.
  await choose('book_table');
  await page.type('#field-city', 'Oslo');
  await page.type('#field-guests', '3');
  for (const [button, action] of [['#decline', 'decline'], ['#cancel', 'cancel']]) {
    await call();
    await waitFor('#question', 'Book a table for 3 in Oslo?');
    await page.click(button);
    await waitFor('#answer', '"booked": false');
    assert.ok((await text('#detail .exchange')).includes(`"action": "${action}"`));
  }
  await call();
  await waitFor('#question', 'In whose name? *');
  assert.ok((await text('#detail .exchange')).includes('it asks for more'));
  // A form that is not filled in is not sent.
  await page.click('#accept');
  assert.equal(await page.$eval('#answer-name', (input) => input.validity.valueMissing), true);
  await page.click('#answer-confirm');
  await page.type('#answer-name', 'Ada');
  await page.screenshot({ path: path.join(folder, 'question.png'), fullPage: true });
  await page.click('#accept');
  await waitFor('#answer', '"booked": true');
  const answered = await text('#detail .exchange');
  for (const said of ['"name": "Ada"', '"confirm": true', '"requestState"', '"inputResponses"']) assert.ok(answered.includes(said), answered);
  assert.equal(await page.$('#question'), null);
  assert.ok((await text('#detail details')).startsWith('Round 1'));

  // Resources and prompts.
  await choose('legend');
  await call();
  await waitFor('#answer', 'sunny');
  await choose('weather_report');
  await page.type('#field-city', 'Oslo');
  await call();
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
  await call();
  await waitFor('#answer', 'onerror');
  assert.equal(await page.title(), 'mcp-lambda');

  await choose('forecast');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.screenshot({ path: path.join(folder, 'dark.png'), fullPage: true });
  await page.setViewport({ width: 400, height: 900 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 400, `${wide} pixels do not fit on a small screen`);
  await page.screenshot({ path: path.join(folder, 'narrow.png'), fullPage: true });
});
