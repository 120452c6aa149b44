// A real authorization server on this machine: node-oidc-provider, with a person who always agrees.
//
//   node issuer.mjs
//
// Prints {"issuer"} when it listens, and runs until it is ended or its standard input is closed.
// Clients register themselves (RFC 7591); access tokens are JWTs for the resource that was asked
// for (RFC 8707, RFC 9068).

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const SCOPES = ['mcp:tools', 'echo:call'];
const PERSON = 'alice';

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  scopes: ['openid', 'offline_access', ...SCOPES],
  claims: { openid: ['sub'] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        audience: resource,
        scope: SCOPES.join(' '),
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
      }),
      useGrantedResource: () => true,
    },
  },
  // Clients register with the scopes that they know of so far, and would be held to them when they
  // need another one later.
  extraClientMetadata: {
    properties: ['unbound'],
    validator: (_context, _name, _value, metadata) => {
      delete metadata.scope;
    },
  },
  cookies: { keys: ['of-a-test'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
});
provider.on('server_error', (_, error) => console.error(error));

// What a person does on pages: signs in, and agrees to what is asked for.
async function agree(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: PERSON } });
  }
  const known = grantId && (await provider.Grant.find(grantId));
  const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const answer = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  agree(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

process.stdin.resume().on('end', () => process.exit(0));
console.log(JSON.stringify({ issuer }));
