// What both TypeScript clients do to a gateway that serves the registrations of
// examples/. Every step asserts, then prints one JSON object; the first failing
// step prints why and ends the process with status 1.

import assert from 'node:assert/strict';

const STEP_LIMIT = 30_000; // milliseconds; a silent gateway must fail the step, not hang the suite.

export async function step(name, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${STEP_LIMIT} ms`)), STEP_LIMIT);
  });
  try {
    const seen = (await Promise.race([work(), late])) ?? {};
    console.log(JSON.stringify({ step: name, ok: true, ...seen }));
  } catch (error) {
    const why = error.message.replace(/\s+/g, ' ').trim(); // A failed comparison spans lines.
    const code = error.code === undefined ? {} : { code: error.code };
    console.log(JSON.stringify({ step: name, ok: false, error: why, ...code }));
    console.error(`${name}: ${why}`);
    process.exit(1);
  } finally {
    clearTimeout(timer);
  }
}

const TOOLS = ['book_table', 'countdown', 'echo', 'forecast', 'write_postcard'];
const texts = (result) => result.content.filter((block) => block.type === 'text').map((block) => block.text);

/** Follows `nextCursor` to the end; a client that does that by itself returns everything at once. */
async function all(list, key) {
  const found = [];
  let cursor;
  do {
    const page = await list(cursor === undefined ? undefined : { cursor });
    found.push(...page[key]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** The error a call must end in. */
async function failure(call) {
  const result = await call.then((result) => ({ result }), (error) => ({ error }));
  assert.ok(result.error, `expected an error, got ${JSON.stringify(result.result)}`);
  return result.error;
}

/** Answers of the host's user and model, and a record of what was asked. */
export class Host {
  asked = [];
  logged = [];
  accept = true;

  elicit = async ({ params }) => {
    this.asked.push(params);
    return this.accept ? { action: 'accept', content: { confirm: true, name: 'Ada' } } : { action: 'decline' };
  };

  sample = async ({ params }) => {
    this.asked.push(params);
    const content = { type: 'text', text: 'Greetings from a tram.' };
    return { role: 'assistant', content, model: 'test-model', stopReason: 'endTurn' };
  };

  log = async ({ params }) => void this.logged.push(params);
}

/**
 * @param client  a connected client
 * @param host    whose handlers the client was given
 * @param legacy  whether the connection began with `initialize`
 * @param call    (params, options) => tool result: the two clients differ in arguments
 */
export async function scenario({ client, host, legacy, call }) {
  await step('tools/list', async () => {
    const tools = await all((params) => client.listTools(params), 'tools');
    const names = tools.map((tool) => tool.name).sort();
    for (const name of TOOLS) assert.ok(names.includes(name), `${name} is not listed`);
    assert.equal(new Set(names).size, names.length, 'a tool is listed twice');
    const forecast = tools.find((tool) => tool.name === 'forecast').inputSchema;
    assert.deepEqual(forecast.required, ['city'], 'optional parameters of the shorthand must not be required');
    assert.equal(forecast.properties.days.type, 'number');
    assert.equal(tools.find((tool) => tool.name === 'echo').annotations.readOnlyHint, true);
    return { tools: names };
  });

  await step('tools/call', async () => {
    const text = 'Grüße 👋';
    const result = await call({ name: 'echo', arguments: { text } });
    assert.ok(!result.isError, texts(result).join());
    assert.deepEqual(result.structuredContent, { text, length: 7 });
    assert.deepEqual(JSON.parse(texts(result)[0]), { text, length: 7 });
    return { structuredContent: result.structuredContent };
  });

  await step('tools/call of a Python function', async () => {
    const result = await call({ name: 'forecast', arguments: { city: 'Lisbon', days: 2 } });
    assert.ok(!result.isError, texts(result).join());
    assert.equal(result.structuredContent.days.length, 2);
    assert.equal(result.structuredContent.days[1].celsius, 26);
  });

  await step('bad arguments', async () => {
    const result = await call({ name: 'forecast', arguments: { city: 'Lisbon', days: 'two' } });
    assert.equal(result.isError, true);
    assert.match(texts(result).join('\n'), /days/, 'the text must say which argument');
    return { text: texts(result).join('\n') };
  });

  await step('failing function', async () => {
    const result = await call({ name: 'forecast', arguments: { city: 'Atlantis' } });
    assert.equal(result.isError, true);
    assert.doesNotMatch(JSON.stringify(result), /Traceback|forecast\.py/, 'a stack trace must stay inside');
    return { text: texts(result).join('\n') };
  });

  await step('unknown tool', async () => {
    const error = await failure(call({ name: 'no_such_tool', arguments: {} }));
    assert.equal(error.code, -32602, error.message);
    return { code: error.code };
  });

  await step('resources/list', async () => {
    const resources = await all((params) => client.listResources(params), 'resources');
    const templates = await all((params) => client.listResourceTemplates(params), 'resourceTemplates');
    assert.ok(resources.some(({ uri }) => uri === 'weather://legend'));
    assert.ok(templates.some(({ uriTemplate }) => uriTemplate === 'weather://cities/{city}'));
    return { resources: resources.length, templates: templates.length };
  });

  await step('resources/read', async () => {
    const { contents: fixed } = await client.readResource({ uri: 'weather://legend' });
    assert.equal(fixed[0].uri, 'weather://legend');
    assert.equal(fixed[0].mimeType, 'text/markdown');
    assert.match(fixed[0].text, /sunny/);
    const { contents: templated } = await client.readResource({ uri: 'weather://cities/oslo' });
    assert.equal(templated[0].uri, 'weather://cities/oslo');
    assert.equal(templated[0].mimeType, 'application/json');
    assert.equal(JSON.parse(templated[0].text).country, 'Norway');
  });

  await step('unknown resource', async () => {
    const error = await failure(client.readResource({ uri: 'weather://nothing/here' }));
    assert.ok(legacy ? [-32002, -32602].includes(error.code) : error.code === -32602, `${error.code} ${error.message}`);
    return { code: error.code };
  });

  await step('prompts/list', async () => {
    const prompts = await all((params) => client.listPrompts(params), 'prompts');
    const report = prompts.find(({ name }) => name === 'weather_report');
    assert.equal(report.arguments[0].required, true);
    assert.ok(prompts.some(({ name }) => name === 'packing_list'));
    return { prompts: prompts.map(({ name }) => name).sort() };
  });

  await step('prompts/get', async () => {
    const fixed = await client.getPrompt({ name: 'weather_report', arguments: { city: 'Oslo' } });
    assert.match(fixed.messages[0].content.text, /forecast tool for Oslo/);
    const made = await client.getPrompt({ name: 'packing_list', arguments: { city: 'Nairobi', style: 'complete' } });
    assert.equal(made.messages[0].role, 'user');
    assert.match(made.messages[0].content.text, /Nairobi\. Travel complete/);
    const error = await failure(client.getPrompt({ name: 'weather_report', arguments: {} }));
    assert.equal(error.code, -32602, `a missing required argument: ${error.message}`);
  });

  await step('completion/complete', async () => {
    const fixed = await client.complete({
      ref: { type: 'ref/prompt', name: 'weather_report' },
      argument: { name: 'city', value: 'Lo' },
    });
    assert.ok(fixed.completion.values.includes('London'));
    assert.ok(!fixed.completion.values.includes('Nairobi'));
    const asked = await client.complete({
      ref: { type: 'ref/resource', uri: 'weather://cities/{city}' },
      argument: { name: 'city', value: 'l' },
    });
    assert.deepEqual(asked.completion.values, ['lisbon', 'london']);
  });

  await step('progress', async () => {
    const seen = [];
    const onprogress = (progress) => void seen.push(progress);
    const result = await call({ name: 'countdown', arguments: { from: 5 } }, { onprogress });
    assert.deepEqual(result.structuredContent, { lifted: true, steps: 5 });
    // The SDK hands notifications on a moment later than answers: a last one that is read together
    // with the answer comes when nobody listens any more.
    const numbers = seen.map(({ progress }) => progress);
    assert.ok(numbers.length >= 4, `${numbers}`);
    assert.deepEqual(numbers, [1, 2, 3, 4, 5].slice(0, numbers.length));
    assert.ok(seen.every(({ total }) => total === 5));
    assert.ok(seen.every(({ progress, message }) => message === `${5 - progress} to go`));
  });

  await step('logging', async () => {
    host.logged.length = 0;
    const params = { name: 'countdown', arguments: { from: 1 } };
    if (legacy) {
      await client.setLoggingLevel('info');
      await call(params);
    } else {
      await call(params);
      assert.equal(host.logged.length, 0, 'no log lines for a request that asked for none');
      await call({ ...params, _meta: { 'io.modelcontextprotocol/logLevel': 'info' } });
    }
    assert.equal(host.logged.length, 1);
    assert.equal(host.logged[0].data, 'from 1');
    assert.equal(host.logged[0].level, 'info');
  });

  await step('elicitation', async () => {
    host.asked.length = 0;
    const booking = { name: 'book_table', arguments: { city: 'Oslo', guests: 2 } };
    host.accept = true;
    const yes = await call(booking);
    assert.deepEqual(yes.structuredContent, { booked: true, table: 'a table for 2 in Oslo', name: 'Ada' });
    host.accept = false;
    const no = await call(booking);
    assert.deepEqual(no.structuredContent, { booked: false });
    assert.equal(host.asked.length, 2);
    assert.equal(host.asked[0].message, 'Book a table for 2 in Oslo?');
    assert.deepEqual(Object.keys(host.asked[0].requestedSchema.properties), ['confirm', 'name']);
  });

  await step('sampling', async () => {
    host.asked.length = 0;
    const result = await call({ name: 'write_postcard', arguments: { city: 'Lisbon' } });
    assert.deepEqual(texts(result), ['Greetings from a tram.']);
    assert.equal(host.asked.length, 1);
    assert.equal(host.asked[0].maxTokens, 100);
    assert.match(host.asked[0].messages[0].content.text, /postcard from Lisbon/);
  });

  await step('parallel calls', async () => {
    const lines = ['one', 'two', 'three', 'four'];
    const results = await Promise.all(lines.map((text) => call({ name: 'echo', arguments: { text } })));
    assert.deepEqual(results.map((result) => result.structuredContent.text), lines);
  });

  if (legacy) await step('ping', async () => assert.deepEqual(await client.ping(), {}));
}

/**
 * Hands messages to a connected client one by one. Both clients handle a notification one
 * microtask later than an answer, and over HTTP+SSE all events of a chunk in one go: a progress
 * report that arrives together with its answer would find nobody waiting for it any more.
 */
export function oneByOne(transport) {
  const handle = transport.onmessage;
  let before = Promise.resolve();
  transport.onmessage = (...message) => {
    before = before.then(() => new Promise(setImmediate)).then(() => handle(...message));
  };
}

/** Ends a legacy session, then shows with a bare request that it is gone. */
export async function terminate(transport, url) {
  await step('end of session', async () => {
    const session = transport.sessionId;
    if (session === undefined) return { session: null };
    await transport.terminateSession();
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-11-25',
        'mcp-session-id': session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 'after', method: 'tools/list' }),
    });
    await response.body?.cancel();
    assert.equal(response.status, 404, 'an ended session must answer 404');
    return { session: 'ended' };
  });
}
