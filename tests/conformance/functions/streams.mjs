// Fixtures of the MCP conformance suite that report while they work: one
// streaming Lambda function writing newline-delimited JSON, the result last.
// The README beside this folder says which scenario needs which fixture.

import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE = 50; // milliseconds between reports, as the suite asks for.

const text = (value) => ({ content: [{ type: 'text', text: value }] });
const progress = (progress) => ({ method: 'notifications/progress', params: { progress, total: 100 } });
const log = (data) => ({ method: 'notifications/message', params: { level: 'info', logger: 'fixtures', data } });

const fixtures = {
  async *test_tool_with_progress() {
    for (const step of [0, 50, 100]) {
      yield progress(step);
      await sleep(PAUSE);
    }
    yield text('Progress reported three times.');
  },

  async *test_tool_with_logging() {
    yield log('Tool execution started');
    await sleep(PAUSE);
    yield log('Tool processing data');
    await sleep(PAUSE);
    yield log('Tool execution completed');
    yield text('Logged three times.');
  },

  // The suite reads this for half a second only, so it does not pause. It always
  // logs: leaving the lines out when no level was asked for is the gateway's part.
  async *test_logging_tool() {
    yield log('nobody asked for this line');
    yield text('Logged once.');
  },

  // A stream that ends in a question. It must reach a modern client as an
  // `input_required` result, never as a request of its own on the stream.
  async *test_streaming_elicitation(event) {
    yield progress(50);
    const answer = event._mcp?.inputResponses?.answer;
    if (answer) {
      yield text(`The client said: ${answer.action}`);
      return;
    }
    const requestedSchema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const params = { message: 'Go on?', requestedSchema };
    yield { resultType: 'input_required', inputRequests: { answer: { method: 'elicitation/create', params } } };
  },

  // Long enough for a gateway that closes its stream early to do so.
  async *test_reconnection() {
    yield progress(0);
    await sleep(4 * PAUSE);
    yield text('Reconnection test completed.');
  },
};

export const handler = awslambda.streamifyResponse(async (event, responseStream, context) => {
  const { mcpName } = context.clientContext.custom;
  for await (const line of fixtures[mcpName](event)) responseStream.write(JSON.stringify(line) + '\n');
  responseStream.end();
});
