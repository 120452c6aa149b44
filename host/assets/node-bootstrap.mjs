// Runs a JavaScript handler over the Lambda Runtime API: `node node-bootstrap.mjs app.handler`.
//
// The handler string is Lambda's: a path without extension, a dot, the name of the export. The
// file is looked for in LAMBDA_TASK_ROOT, or where the process runs. Handlers may be async, take a
// callback, or be wrapped in `awslambda.streamifyResponse`. Needs Node 18 or later and no package.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const EXTENSIONS = ['.mjs', '.js', '.cjs', ''];
const STREAMING = Symbol('streaming');
const WITH_PRELUDE = Symbol('withPrelude');
const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

const [hostname, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
const agent = new http.Agent({ keepAlive: true });

/** Opens a request to the Runtime API; `answer` is settled by its response. */
function open(method, route, headers) {
  const options = { agent, hostname, port, method, path: `/2018-06-01/runtime/${route}`, headers };
  const request = http.request(options);
  const answer = new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
  });
  return { request, answer };
}

function post(route, text, headers = {}) {
  const body = Buffer.from(text);
  const all = { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers };
  const { request, answer } = open('POST', route, all);
  request.end(body);
  return answer;
}

/** An error of the host's own vocabulary, such as `Runtime.ImportModuleError`. */
class BootstrapError extends Error {
  constructor(name, message, cause) {
    super(message, { cause });
    this.name = name;
    if (cause?.stack) this.stack = `${name}: ${message}\n${cause.stack}`;
  }
}

/** Anything that can be thrown, in the shape that Lambda gives to errors. */
function describe(thrown) {
  if (thrown instanceof Error) {
    const trace = (thrown.stack ?? '').split('\n');
    return { errorType: thrown.name, errorMessage: thrown.message, trace };
  }
  return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

function postError(route, thrown, label) {
  const error = describe(thrown);
  process.stderr.write(`ERROR\t${label}\t${JSON.stringify(error)}\n`);
  return post(route, JSON.stringify(error), { [ERROR_TYPE]: error.errorType });
}

/** What a streaming handler writes to. The answer is begun with the first byte, or at the end. */
class ResponseStream extends Writable {
  #route;
  #contentType = 'application/octet-stream';
  #prelude;
  #opened;

  constructor(requestId) {
    super();
    this.#route = `invocation/${requestId}/response`;
  }

  setContentType(contentType) {
    this.#contentType = contentType;
  }

  [WITH_PRELUDE](metadata) {
    this.setContentType('application/vnd.awslambda.http-integration-response');
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(metadata)), Buffer.alloc(8)]);
  }

  get begun() {
    return this.#opened !== undefined;
  }

  get answer() {
    return this.#opened?.answer;
  }

  write(chunk, ...rest) {
    // As on Lambda, whatever is neither text nor bytes is written as JSON.
    const plain = typeof chunk === 'string' || chunk instanceof Uint8Array;
    return super.write(plain ? chunk : JSON.stringify(chunk), ...rest);
  }

  /** Ends an answer that was begun with an error. */
  fail(thrown) {
    const error = describe(thrown);
    process.stderr.write(`ERROR\tInvoke Error\t${JSON.stringify(error)}\n`);
    const body = Buffer.from(JSON.stringify(error)).toString('base64');
    this.#opened.request.addTrailers({ [ERROR_TYPE]: error.errorType, [ERROR_BODY]: body });
    this.#opened.request.end();
    return this.answer;
  }

  #request() {
    if (!this.#opened) {
      this.#opened = open('POST', this.#route, {
        'Content-Type': this.#contentType,
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
        Trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
      });
      this.#opened.answer.catch((error) => this.destroy(error));
      if (this.#prelude) this.#opened.request.write(this.#prelude);
    }
    return this.#opened.request;
  }

  _write(chunk, _encoding, done) {
    this.#request().write(chunk, done);
  }

  _final(done) {
    this.#request().end(done);
  }
}

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = true;
    return handler;
  },
  HttpResponseStream: {
    from(stream, metadata) {
      stream[WITH_PRELUDE](metadata);
      return stream;
    },
  },
};

/** Finds the function that a handler string names. */
async function load(handlerString) {
  const root = process.env.LAMBDA_TASK_ROOT ?? process.cwd();
  const base = path.basename(handlerString);
  const dot = base.indexOf('.');
  if (dot <= 0 || dot === base.length - 1) {
    throw new BootstrapError('Runtime.MalformedHandlerName', `Bad handler: '${handlerString}'`);
  }
  const stem = path.join(root, path.dirname(handlerString), base.slice(0, dot));
  const file = EXTENSIONS.map((extension) => stem + extension).find((name) => fs.existsSync(name));
  if (file === undefined) {
    throw new BootstrapError('Runtime.ImportModuleError', `Cannot find module '${stem}'`);
  }
  const module = await import(pathToFileURL(file)).catch((error) => {
    const kind = error instanceof SyntaxError ? 'UserCodeSyntaxError' : 'ImportModuleError';
    throw new BootstrapError(`Runtime.${kind}`, String(error), error);
  });
  const names = base.slice(dot + 1).split('.');
  const pick = (from) => names.reduce((value, name) => value?.[name], from);
  // A CommonJS module's exports may only be visible through its default export.
  const handler = pick(module) ?? pick(module.default);
  if (typeof handler !== 'function') {
    const problem = handler === undefined ? 'undefined or not exported' : 'not a function';
    throw new BootstrapError('Runtime.HandlerNotFound', `${handlerString} is ${problem}`);
  }
  return handler;
}

function makeContext(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const clientContext = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    // Node reads header bytes as Latin-1, the host sends UTF-8.
    clientContext: clientContext && JSON.parse(Buffer.from(clientContext, 'latin1').toString()),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** Calls a handler that returns its answer, or passes it to a callback. */
async function callBuffered(handler, event, context) {
  let abandoned;
  const result = await new Promise((resolve, reject) => {
    // With nothing left to wait for there will be no answer; Lambda then answers null.
    abandoned = () => resolve(null);
    process.once('beforeExit', abandoned);
    context.succeed = resolve;
    context.fail = reject;
    context.done = (error, value) => (error ? reject(error) : resolve(value));
    const returned = handler(event, context, context.done);
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
  }).finally(() => process.removeListener('beforeExit', abandoned));
  return JSON.stringify(result) ?? 'null';
}

async function answerStreaming(handler, event, context) {
  const stream = new ResponseStream(context.awsRequestId);
  const ended = new Promise((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', reject);
  });
  ended.catch(() => {});
  try {
    await handler(event, stream, context);
    await ended;
    await stream.answer;
  } catch (thrown) {
    if (stream.begun) await stream.fail(thrown);
    else await postError(`invocation/${context.awsRequestId}/error`, thrown, 'Invoke Error');
  }
}

async function answerBuffered(handler, event, context) {
  const route = `invocation/${context.awsRequestId}`;
  let text;
  try {
    text = await callBuffered(handler, event, context);
  } catch (thrown) {
    await postError(`${route}/error`, thrown, 'Invoke Error');
    return;
  }
  await post(`${route}/response`, text);
}

let current;
let crashing = false;

/** Reports what no handler has caught, and ends: the state of the process is unknown. */
async function crash(name, status, thrown) {
  // The report itself can fail, as when the host has gone and nobody reads what is printed.
  if (crashing) process.exit(status);
  crashing = true;
  const error = describe(thrown);
  const wrapped = new BootstrapError(name, error.errorMessage, thrown);
  const route = current ? `invocation/${current}/error` : 'init/error';
  await postError(route, wrapped, 'Uncaught').catch(() => {});
  process.exit(status);
}

process.on('uncaughtException', (thrown) => crash('Runtime.UncaughtException', 129, thrown));
process.on('unhandledRejection', (thrown) => crash('Runtime.UnhandledPromiseRejection', 128, thrown));

let handler;
try {
  handler = await load(process.argv[2] ?? process.env._HANDLER ?? '');
} catch (thrown) {
  await postError('init/error', thrown, 'Init Error');
  process.exit(1);
}

for (;;) {
  const { request, answer } = open('GET', 'invocation/next');
  request.end();
  const next = await answer.catch(() => undefined);
  // Without a host there is nothing to do, and nobody to tell.
  if (next?.status !== 200) process.exit(1);
  const context = makeContext(next.headers);
  current = context.awsRequestId;
  process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? '';
  const event = JSON.parse(next.body.toString());
  await (handler[STREAMING] ? answerStreaming : answerBuffered)(handler, event, context);
  current = undefined;
}
