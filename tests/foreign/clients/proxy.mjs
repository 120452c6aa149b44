// Sends everything on with a token, for programs that cannot send one.
//
//   node proxy.mjs URL TOKEN
//
// Prints {"url"} when it listens, and runs until it is ended or its standard input is closed.

import { createServer, request } from 'node:http';

const [target, token] = process.argv.slice(2);
if (!URL.canParse(target ?? '') || !token) {
  console.error('usage: node proxy.mjs URL TOKEN');
  process.exit(2);
}

const server = createServer((asked, answer) => {
  const headers = { ...asked.headers, authorization: `Bearer ${token}` };
  const onward = request(new URL(asked.url, target), { method: asked.method, headers }, (response) => {
    answer.writeHead(response.statusCode, response.headers);
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
process.stdin.resume().on('end', () => process.exit(0));
