// Every kind of question that a function can ask, answered on the page of `serve`.
//
//   node questions.mjs URL FOLDER
//
// The URL is that of a server with the tools of the conformance suite. Asserts, and writes
// questions.png into the folder.

import assert from 'node:assert/strict';
import path from 'node:path';
import { visit } from './browser.mjs';

const [url, folder] = process.argv.slice(2);
await visit(url, async ({ page, text, waitFor, choose, call }) => {
  // The functions answer with what they were answered, in Python's JSON.
  const content = async () => {
    await waitFor('#answer', 'content=');
    const answer = JSON.parse(await text('#answer'));
    return JSON.parse(answer.result.content[0].text.split('content=')[1]);
  };

  // Defaults are there already, and have their types.
  await choose('test_elicitation_sep1034_defaults');
  await call();
  await waitFor('#question', 'Please review the prefilled fields');
  await page.click('#accept');
  assert.deepEqual(await content(), { age: 30, name: 'John Doe', score: 95.5, status: 'active', verified: true });
  await call();
  await waitFor('#question', 'Please review the prefilled fields');
  for (const [name, value] of [['name', ''], ['age', '31'], ['score', '-0.5']]) {
    await page.$eval(`#answer-${name}`, (input, text) => { input.value = text; }, value);
  }
  await page.select('#answer-status', '2');
  await page.select('#answer-verified', '1');
  await page.click('#accept');
  assert.deepEqual(await content(), { age: 31, score: -0.5, status: 'pending', verified: false });

  // One or several of what is offered, under the names that people read.
  await choose('test_elicitation_sep1330_enums');
  await call();
  await waitFor('#question', 'Please choose');
  for (const words of ['option2', 'Second Option', 'Option Two', 'Third Choice']) await waitFor('#question', words);
  await page.select('#answer-untitledSingle', '1');
  await page.select('#answer-titledSingle', '1');
  await page.select('#answer-legacyEnum', '1');
  await page.select('#answer-untitledMulti', '0', '2');
  await page.screenshot({ path: path.join(folder, 'questions.png'), fullPage: true });
  await page.click('#accept');
  assert.deepEqual(await content(), {
    untitledSingle: 'option2', titledSingle: 'value2', legacyEnum: 'opt2', untitledMulti: ['option1', 'option3'],
  });

  // One question after the other, with what the function remembers in between.
  await choose('test_input_required_result_multi_round');
  await call();
  await waitFor('#question', 'Step 1');
  await page.type('#answer-name', 'Ada');
  await page.keyboard.press('Enter');
  await waitFor('#question', 'Step 2');
  await page.type('#answer-color', 'green');
  await page.keyboard.press('Enter');
  await waitFor('#answer', 'Ada likes green');
  assert.equal((await page.$$('#detail .exchange')).length, 3);

  // A prompt's function asks too; what this page cannot answer is not asked.
  await choose('test_input_required_result_prompt');
  await call();
  await waitFor('#question', 'What context');
  await page.type('#answer-context', 'a test');
  await page.click('#accept');
  await waitFor('#answer', 'Use this context: a test');
  await choose('test_input_required_result_capabilities');
  await call();
  await waitFor('#question', 'Please confirm');
  await page.click('#accept');
  await waitFor('#answer', 'answered: confirm');
});
