// Functions behind a URL; the body of the request says what they answer.

import net from 'node:net';
import { once } from 'node:events';

const wishOf = (event) => JSON.parse(event.body ?? 'null') ?? {};

export async function handler(event) {
  const wish = wishOf(event);
  if (wish.throw) throw new Error(wish.throw);
  return wish.answer ?? event;
}

export const invocation = async (event, context) => ({
  statusCode: 200,
  headers: { 'x-invocation': context.awsRequestId },
  body: JSON.stringify(event),
});

export const streamed = awslambda.streamifyResponse(async (event, stream) => {
  const wish = wishOf(event);
  const gate = wish.gate && net.connect(Number(wish.gate.port), wish.gate.host);
  const out = awslambda.HttpResponseStream.from(stream, wish.head);
  for (const line of wish.lines) {
    if (gate) await once(gate, 'data');
    out.write(line);
  }
  gate?.destroy();
  out.end();
});

export const plain = awslambda.streamifyResponse(async (_event, stream) => {
  stream.setContentType('text/x-plain');
  stream.end('plain');
});
