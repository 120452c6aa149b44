// A streaming Lambda handler: lines of JSON while it works, the result as the last line.

import { setTimeout as sleep } from 'node:timers/promises';

export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
  const write = (line) => responseStream.write(JSON.stringify(line) + '\n');
  write({ method: 'notifications/message', params: { level: 'info', logger: 'countdown', data: `from ${event.from}` } });
  for (let done = 1; done <= event.from; done += 1) {
    await sleep(20);
    const message = `${event.from - done} to go`;
    write({ method: 'notifications/progress', params: { progress: done, total: event.from, message } });
  }
  write({ lifted: true, steps: event.from });
  responseStream.end();
});
