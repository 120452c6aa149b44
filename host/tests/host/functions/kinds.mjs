// One function of each kind that the bootstrap knows.

export const handler = async (event, context) => ({
  event,
  context: { ...context, remaining: context.getRemainingTimeInMillis() },
  trace: process.env._X_AMZN_TRACE_ID,
});

export const deep = { down: { handler: async () => 'found' } };

export const nothing = async () => {};

export const callback = (event, _context, done) => {
  setTimeout(() => done(event.error ?? null, { called: event.value }), 1);
};

export const forgetful = (_event, _context, _done) => 'not the answer';

export const throws = async (event) => {
  if (event.plain) throw 'only text';
  throw new TypeError('of a kind');
};

export const uncaught = (_event, _context, _done) => {
  setTimeout(() => { throw new Error('too late'); }, 1);
};

export const rejected = (_event, _context, _done) => {
  Promise.reject(new Error('unheard'));
  setTimeout(() => {}, 10_000);
};

export const prints = async (event) => {
  console.log(event.text);
  console.error(event.text);
};

export const streamed = awslambda.streamifyResponse(async (event, stream) => {
  if (event.early) throw new Error('before the first byte');
  stream.setContentType('text/plain');
  stream.write('one');
  if (event.late) throw new Error('after the first byte');
  stream.write({ two: 2 });
  stream.end();
});

export const pong = async () => process.pid;

export const constant = 'not a function';
