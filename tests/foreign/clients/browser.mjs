// A browser without pages: follows redirects with cookies until the client's own address comes.

import assert from 'node:assert/strict';

const MAX_REDIRECTS = 20;

// The query with which an authorization server sends the person back to the client.
export async function browse(start, callback) {
  const cookies = new Map();
  let url = new URL(start);
  for (let hops = 0; hops < MAX_REDIRECTS; hops += 1) {
    if (url.href.startsWith(callback)) return url.searchParams;
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const next = response.headers.get('location');
    assert.ok(next, `${url} answers ${response.status} and leads nowhere: ${await response.text()}`);
    url = new URL(next, url);
  }
  throw new Error('the redirects do not end');
}
