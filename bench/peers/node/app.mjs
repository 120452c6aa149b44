// The benchmark's offer, served by the official TypeScript SDK: no sessions, answers as JSON.

import fs from 'node:fs';
import {
  McpServer,
  WebStandardStreamableHTTPServerTransport,
  createMcpHandler,
  fromJsonSchema,
  isLegacyRequest,
} from '@modelcontextprotocol/server';

const tools = JSON.parse(fs.readFileSync(new URL('./tools.json', import.meta.url), 'utf8')).map(
  ({ name, inputSchema, ...rest }) => ({
    name,
    config: { ...rest, inputSchema: fromJsonSchema(inputSchema) },
  }),
);

const answer = async ({ text }) => ({ content: [{ type: 'text', text }] });

// A server of its own for each request, as the SDK wants it where nothing is kept in between.
function server() {
  const made = new McpServer({ name: 'bench', version: '1' });
  for (const { name, config } of tools) made.registerTool(name, config, answer);
  return made;
}

const modern = createMcpHandler(server, { legacy: 'reject', responseMode: 'json' });

async function legacy(request) {
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: true,
  });
  await server().connect(transport);
  return transport.handleRequest(request);
}

export async function handler(event) {
  const { method, path } = event.requestContext.http;
  const url = `https://${event.requestContext.domainName}${path}`;
  const request = new Request(url, { method, headers: event.headers, body: event.body });
  const answered = (await isLegacyRequest(request))
    ? await legacy(request)
    : await modern.fetch(request);
  const headers = Object.fromEntries(answered.headers);
  return { statusCode: answered.status, headers, body: await answered.text() };
}
