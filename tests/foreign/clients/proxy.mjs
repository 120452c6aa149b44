// Stands before a server: adds a token for programs that cannot send one, or renames the challenge
// as API Gateway does.
//
//   node proxy.mjs token TOKEN
//   node proxy.mjs rename
//
// Prints {"url"} when it listens; the first line of its standard input says where everything goes.
// Runs until it is ended or its standard input is closed.

import { createServer, request } from 'node:http';
import { createInterface } from 'node:readline';

const [mode, token] = process.argv.slice(2);
if (!(mode === 'token' ? token : mode === 'rename')) {
  console.error('usage: node proxy.mjs token TOKEN, or: node proxy.mjs rename');
  process.exit(2);
}

const target = new Promise((said) => {
  createInterface({ input: process.stdin }).on('line', said).on('close', () => process.exit(0));
});

function renamed(headers) {
  if (mode !== 'rename') return headers;
  const { 'www-authenticate': challenge, ...rest } = headers;
  return challenge ? { ...rest, 'x-amzn-remapped-www-authenticate': challenge } : rest;
}

const server = createServer(async (asked, answer) => {
  const headers = { ...asked.headers };
  if (mode === 'token') headers.authorization = `Bearer ${token}`;
  const onward = request(new URL(asked.url, await target), { method: asked.method, headers }, (response) => {
    answer.writeHead(response.statusCode, renamed(response.headers));
    // A stream's head must not wait for its first event.
    answer.flushHeaders();
    response.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
