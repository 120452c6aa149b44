// The TypeScript SDK 1.x against a gateway that serves examples/.
//
//   node ts1.mjs URL http|sse
//   node ts1.mjs URL stdio       through `$MCP_LAMBDA connect`

import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { Host, oneByOne, scenario, step, terminate } from './scenario.mjs';

const NEWEST_LEGACY = '2025-11-25';

const [url, kind = 'http'] = process.argv.slice(2);
if (!URL.canParse(url ?? '') || !['http', 'sse', 'stdio'].includes(kind)) {
  console.error('usage: node ts1.mjs URL http|sse|stdio');
  process.exit(2);
}

const host = new Host();
const client = new Client({ name: 'ts1', version: '1' }, { capabilities: { elicitation: {}, sampling: {} } });
client.setRequestHandler(ElicitRequestSchema, host.elicit);
client.setRequestHandler(CreateMessageRequestSchema, host.sample);
client.setNotificationHandler(LoggingMessageNotificationSchema, host.log);

const Transport = kind === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
const program = { command: process.env.MCP_LAMBDA, args: ['connect', '--url', url] };
const transport = kind === 'stdio' ? new StdioClientTransport(program) : new Transport(new URL(url));
let negotiated;
// The client keeps the version to itself but tells its transport.
const tell = transport.setProtocolVersion?.bind(transport) ?? (() => {});
transport.setProtocolVersion = (version) => tell((negotiated = version));

await step('connect', async () => {
  await client.connect(transport);
  if (kind === 'sse') oneByOne(transport);
  assert.equal(negotiated, NEWEST_LEGACY);
  assert.ok(client.getServerVersion()?.name, 'the server must say who it is');
  return { protocolVersion: negotiated, serverInfo: client.getServerVersion(), kind };
});

// The second argument of callTool is a result schema here; undefined means the usual one.
await scenario({ client, host, legacy: true, call: (params, options) => client.callTool(params, undefined, options) });

if (kind === 'http') await terminate(transport, url);
await step('close', () => client.close());
process.exit(0);
