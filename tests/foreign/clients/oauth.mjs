// The whole OAuth flow of the official TypeScript clients: from a 401 to a call that needs a scope
// of its own. Nothing is configured but the server's URL.
//
//   node oauth.mjs URL 2|1 [bare|api]
//
// With `bare`, something before the server takes the challenge away: then the metadata is found by
// its well-known place, and all scopes that it lists are asked for at once. With `api`, it is API
// Gateway that sends the challenge, which names no scopes, so that all are asked for as well.

import assert from 'node:assert/strict';
import { browse } from './browser.mjs';
import { step } from './scenario.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback'; // Nobody listens there: the browser stops before.

const [url, major, how] = process.argv.slice(2);
const bare = how === 'bare';
const api = how === 'api';
if (!URL.canParse(url ?? '') || !['1', '2'].includes(major)) {
  console.error('usage: node oauth.mjs URL 2|1 [bare|api]');
  process.exit(2);
}
const sdk = major === '2'
  ? await import('@modelcontextprotocol/client')
  : {
      ...(await import('@modelcontextprotocol/sdk/client/index.js')),
      ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
      ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
    };

// What the host of a client keeps, and the person it sends to the authorization server.
class Host {
  redirectUrl = CALLBACK;
  clientMetadata = {
    client_name: 'oauth',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  asked = [];

  state() {
    this.sent = crypto.randomUUID();
    return this.sent;
  }
  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.kept;
  }
  saveTokens(tokens) {
    this.kept = tokens;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
  saveDiscoveryState(state) {
    this.discovered = state;
  }
  discoveryState() {
    return this.discovered;
  }
  async redirectToAuthorization(to) {
    this.asked.push(to);
    this.returned = await browse(to, CALLBACK);
    assert.equal(this.returned.get('state'), this.sent);
    assert.equal(this.returned.get('error'), null, this.returned.get('error_description'));
  }
}

const host = new Host();
let transport;

function renewed() {
  transport = new sdk.StreamableHTTPClientTransport(new URL(url), { authProvider: host });
  return transport;
}

// Does something, and once more after the person has agreed to what it needs.
async function agreed(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof sdk.UnauthorizedError)) throw error;
    const returned = major === '2' ? host.returned : host.returned.get('code');
    await transport.finishAuth(returned);
    return act();
  }
}

const scopes = () => (host.kept?.scope ?? '').split(' ');
const claims = () => JSON.parse(Buffer.from(host.kept.access_token.split('.')[1], 'base64url'));
const client = new sdk.Client({ name: 'oauth', version: '1' });

await step('refused', async () => {
  const response = await fetch(url, { method: 'POST', body: '{}' });
  assert.equal(response.status, 401);
  const challenge = response.headers.get('www-authenticate');
  if (bare) return assert.equal(challenge, null);
  const scope = api ? '' : ', scope="mcp:tools"';
  assert.match(challenge, new RegExp(`^Bearer resource_metadata="[^"]+"${scope}$`));
  return { challenge };
});

await step('connect', async () => {
  await agreed(() => client.connect(renewed()));
  assert.equal(host.asked.length, 1);
  const [asked] = host.asked;
  assert.equal(asked.searchParams.get('resource'), url);
  assert.equal(asked.searchParams.get('code_challenge_method'), 'S256');
  assert.ok(asked.searchParams.get('scope').split(' ').includes('mcp:tools'));
  assert.equal(claims().aud, url);
  assert.equal(claims().sub, 'alice');
  return { client: host.client.client_id, scope: host.kept.scope };
});

await step('list', async () => {
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'example_echo'));
  return { tools: tools.length };
});

if (bare || api) {
  await step('call', async () => {
    await client.callTool({ name: 'example_echo', arguments: { text: 'hello' } });
    assert.equal(host.asked.length, 1);
    await client.close();
    return { scope: host.kept.scope };
  });
  process.exit(0);
}

await step('step up', async () => {
  assert.ok(!scopes().includes('echo:call'));
  const call = () => client.callTool({ name: 'example_echo', arguments: { text: 'hello' } });
  const result = await agreed(call);
  assert.ok(JSON.stringify(result.content).includes('hello'));
  assert.equal(host.asked.length, 2);
  const scope = host.asked[1].searchParams.get('scope').split(' ');
  assert.ok(scope.includes('echo:call') && scope.includes('mcp:tools'), String(scope));
  assert.ok(scopes().includes('echo:call'));
  return { scope: host.kept.scope };
});

await step('again', async () => {
  await client.callTool({ name: 'example_echo', arguments: { text: 'hello' } });
  assert.equal(host.asked.length, 2, 'the token is kept');
});

await step('close', () => client.close());

await step('refresh', async () => {
  // 1.x does not ask for offline_access, so it is given none.
  if (major === '1') return { refreshToken: false };
  assert.ok(host.kept.refresh_token);
  const before = host.kept.access_token;
  host.kept = { ...host.kept, access_token: 'x'.repeat(40) };
  const fresh = new sdk.Client({ name: 'oauth', version: '1' });
  await fresh.connect(renewed());
  assert.notEqual(host.kept.access_token, before);
  assert.equal(host.asked.length, 2, 'nobody was asked');
  await fresh.close();
  return { refreshToken: true };
});

process.exit(0);
