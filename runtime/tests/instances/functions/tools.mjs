// Tools for the tests of separate instances. What takes time waits at a gate of the test: an HTTP
// request that is answered when the test wants.

const through = (event, gate) => fetch(`${event.gate}/${gate}`);
const progress = (done) => ({ method: 'notifications/progress', params: { progress: done, total: 3 } });
const log = (data) => ({ method: 'notifications/message', params: { level: 'info', data } });

const form = (message) => ({
  method: 'elicitation/create',
  params: {
    message,
    requestedSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
});
const prompt = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: 'Say hello' } }], maxTokens: 10 },
};
const ask = (inputRequests) => ({ resultType: 'input_required', inputRequests });
const answers = (event) => event._mcp?.inputResponses;

const streams = {
  async *steps(event) {
    for (const step of [1, 2, 3]) {
      yield progress(step);
      await through(event, step);
    }
    yield { done: true };
  },

  async *talk() {
    yield log('as told');
    yield { done: true };
  },

  async *unanswered(event) {
    yield progress(1);
    if (answers(event)) yield { answers: answers(event) };
    else yield ask({ question: form('Anybody there?') });
  },
};

const tools = {
  async once(event) {
    await through(event, event.name);
    return { name: event.name };
  },

  async question(event) {
    return answers(event) ?? ask({ question: form('What?') });
  },

  async questions(event) {
    await through(event, 'called');
    return answers(event) ?? ask({ first: form('One?'), second: form('Two?') });
  },

  async rounds(event) {
    const { inputResponses, requestState } = event._mcp ?? {};
    const round = Number(requestState ?? 0);
    if (inputResponses?.[`round${round}`]?.content?.text !== `answer ${round}` && round > 0) throw new Error('lost');
    if (round === 3) return { rounds: round };
    const next = round + 1;
    return { ...ask({ [`round${next}`]: form(`Round ${next}?`) }), requestState: String(next) };
  },

  async model(event) {
    return answers(event) ?? ask({ model: prompt });
  },
};

const named = (context) => context.clientContext.custom.mcpName;

export const whole = (event, context) => tools[named(context)](event);

export const stream = awslambda.streamifyResponse(async (event, responseStream, context) => {
  for await (const line of streams[named(context)](event)) responseStream.write(JSON.stringify(line) + '\n');
  responseStream.end();
});
