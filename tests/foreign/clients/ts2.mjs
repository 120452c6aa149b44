// The TypeScript client 2.x against a gateway that serves examples/.
//
//   node ts2.mjs URL http legacy|auto|modern
//   node ts2.mjs URL sse
//   node ts2.mjs URL stdio legacy|auto|modern      through `$MCP_LAMBDA connect`

import assert from 'node:assert/strict';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Host, oneByOne, scenario, step, terminate } from './scenario.mjs';

const MODERN = '2026-07-28';
const NEWEST_LEGACY = '2025-11-25';
const MODES = { legacy: 'legacy', auto: 'auto', modern: { pin: MODERN } };

const [url, kind = 'http', mode = 'legacy'] = process.argv.slice(2);
const usable = kind === 'sse' ? mode === 'legacy' : ['http', 'stdio'].includes(kind) && mode in MODES;
if (!URL.canParse(url ?? '') || !usable) {
  console.error('usage: node ts2.mjs URL http|stdio legacy|auto|modern, or: node ts2.mjs URL sse');
  process.exit(2);
}

const host = new Host();
const client = new Client(
  { name: 'ts2', version: '1' },
  { capabilities: { elicitation: {}, sampling: {} }, versionNegotiation: { mode: MODES[mode] } },
);
client.setRequestHandler('elicitation/create', host.elicit);
client.setRequestHandler('sampling/createMessage', host.sample);
client.setNotificationHandler('notifications/message', host.log);

const Transport = kind === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
const program = { command: process.env.MCP_LAMBDA, args: ['connect', '--url', url] };
const transport = kind === 'stdio' ? new StdioClientTransport(program) : new Transport(new URL(url));
const legacy = mode === 'legacy';

await step('connect', async () => {
  await client.connect(transport);
  if (kind === 'sse') oneByOne(transport);
  const version = client.getNegotiatedProtocolVersion();
  assert.equal(version, legacy ? NEWEST_LEGACY : MODERN);
  assert.equal(client.getProtocolEra(), legacy ? 'legacy' : 'modern');
  assert.ok(client.getServerVersion()?.name, 'the server must say who it is');
  return { protocolVersion: version, serverInfo: client.getServerVersion(), kind, mode };
});

await scenario({ client, host, legacy, call: (params, options) => client.callTool(params, options) });

if (kind === 'http' && legacy) await terminate(transport, url);
await step('close', () => client.close());
process.exit(0);
