// Lists and calls tools over HTTP+SSE, the transport of MCP 2024-11-05, with EventSource alone.
//
//   node --experimental-eventsource events.mjs http://127.0.0.1:8765 example_echo '{"text": "hello"}'
//
// Needs Node 22 or later; browsers have EventSource without a flag. EventSource cannot sign, so
// that a URL with AWS_IAM is for `mcp-lambda connect`.

const [base = 'http://127.0.0.1:8765', tool = 'example_echo', given = '{"text": "hello"}'] = process.argv.slice(2);
const sse = new EventSource(`${base}/sse`);
let endpoint;

const send = async (message) => {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
};

// The first event says where messages go; the session is in it.
sse.addEventListener('endpoint', ({ data }) => {
  endpoint = new URL(data, base);
  const clientInfo = { name: 'events', version: '1' };
  send({ id: 1, method: 'initialize', params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo } });
});

// Answers come on the stream, in whatever order they are ready.
sse.onmessage = async ({ data }) => {
  const { id, result, error } = JSON.parse(data);
  if (error) throw new Error(error.message);
  if (id === 1) {
    await send({ method: 'notifications/initialized' });
    await send({ id: 2, method: 'tools/list' });
  } else if (id === 2) {
    console.log('tools:', result.tools.map(({ name }) => name).join(', '));
    await send({ id: 3, method: 'tools/call', params: { name: tool, arguments: JSON.parse(given) } });
  } else if (id === 3) {
    console.log(`${tool}:`, result.content[0].text);
    sse.close();
  }
};

sse.onerror = () => {
  console.error(`cannot listen to ${base}/sse`);
  sse.close();
  process.exitCode = 1;
};
