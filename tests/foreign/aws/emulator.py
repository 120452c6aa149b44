"""ministack, an emulated AWS, as the tests need it.

    python emulator.py

Listens on a free port of 127.0.0.1, prints `listening PORT`, and ends, with every process that it
started, when its standard input is closed: so it does not outlive a test that was killed.
With AUTH=true in the environment, signatures are verified and policies are enforced.

It closes these gaps between ministack 1.5.33 and AWS, each by replacing one function at run time:

1. A long poll of SQS looks for messages every 100 ms. AWS answers when a message comes. Waiting
   for answers is what mailboxes are for, so that 100 ms would be most of what tests measure. Here
   it looks every 2 ms.
2. The event of a Function URL with AuthType AWS_IAM does not say who called. AWS sends
   `requestContext.authorizer.iam`, which the gateway takes its principal from. Here it is made of
   the caller whose signature was verified, so with AUTH=true only; a URL with AuthType NONE has
   none.
3. `requestContext.requestId` is not the id that the function gets from the Runtime API. AWS
   documents that it is ("the ID of the invocation request"), and logs are found by it. Here both
   are the same.
4. A call of a Function URL is checked as lambda:InvokeFunctionUrl alone. Since October 2025, AWS
   checks lambda:InvokeFunction as well, with the key lambda:InvokedViaFunctionUrl. Here too.
5. Conditions on lambda:Principal are never met. AWS compares them with the principal that
   lambda:AddPermission names. Here too.

6. A REST API takes what a function answers for an answer in one piece. With
   `response-streaming-invocations` AWS expects a JSON prelude, eight NUL bytes and the body. Here
   too; the client gets it when it is complete.
7. `WWW-Authenticate` of a function behind a REST API reaches the client. AWS renames it to
   `x-amzn-Remapped-WWW-Authenticate`. Here too.

What is replaced is looked at first: another version, in which it may have another form, is
refused with a sentence that says so.
"""

import asyncio
import functools
import importlib.metadata
import inspect
import json
import os
import signal
import socket
import sys
import threading

VERSION = "1.5.33"
LONGEST_SLEEP = 0.002


class FunctionUrlEvent(dict):
    """The event of a Function URL, to be told from the payload of a call that looks like one."""


def require(holds, what):
    if not holds:
        sys.exit(
            f"emulator.py: {what}; it knows only ministack {VERSION}: "
            "see at its head what it replaces before another version is used"
        )


def require_parameters(function, names):
    found = list(inspect.signature(function).parameters)
    require(found[: len(names)] == names, f"{function.__name__} should take {', '.join(names)}")


def listen():
    """A socket on a free port; ministack writes its number into the URLs that it gives."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    return listener


def wake_long_polls(sqs):
    source = inspect.getsource(sqs._act_receive_message)
    require(source.count("asyncio.sleep(") == 1, "_act_receive_message should sleep in one place")
    require(sqs.asyncio is asyncio, "ministack.services.sqs should import asyncio")

    class Impatient:
        """asyncio as this one module sees it."""

        def __getattr__(self, name):
            return getattr(asyncio, name)

        @staticmethod
        async def sleep(delay):
            await asyncio.sleep(min(delay, LONGEST_SLEEP))

    sqs.asyncio = Impatient()


def name_callers(functions, app, evaluator, router):
    build = functions._build_function_url_event
    require_parameters(
        build,
        ["url_id", "account_id", "region", "method", "path", "headers", "body", "query_params"],
    )
    require("anonymous" in inspect.signature(build).parameters, "an event should know of NONE")
    require_parameters(evaluator.caller_verified, ["access_key_id", "account_id"])
    require_parameters(evaluator.resolve_caller_identity, ["access_key_id"])
    require_parameters(router.extract_access_key_id, ["headers", "query_params"])

    @functools.wraps(build)
    def build_with_caller(
        url_id, account_id, region, method, path, headers, body, query_params, **rest
    ):
        event = FunctionUrlEvent(
            build(url_id, account_id, region, method, path, headers, body, query_params, **rest)
        )
        if not app.AUTH or rest.get("anonymous"):
            return event
        key = router.extract_access_key_id(headers, query_params)
        caller = None
        if evaluator.caller_verified(key, account_id):
            caller = evaluator.resolve_caller_identity(key)
        if caller is None:
            raise RuntimeError("a Function URL was called by somebody who was not verified")
        event["requestContext"]["authorizer"] = {
            "iam": {
                "accessKey": caller["accessKey"],
                "accountId": caller["accountId"],
                "callerId": caller["userId"],
                "cognitoIdentity": None,
                "principalOrgId": None,
                "userArn": caller["userArn"],
                "userId": caller["userId"],
            }
        }
        return event

    functions._build_function_url_event = build_with_caller


def share_request_ids(functions):
    dispatch = functions._execute_function_dispatch
    require_parameters(dispatch, ["func", "config", "event", "request_id", "started"])
    source = inspect.getsource(functions.handle_function_url_request)
    require(
        'event["requestContext"]["requestId"] = request_id' in source,
        "handle_function_url_request should set the event's request id",
    )

    @functools.wraps(dispatch)
    def dispatch_with_id(func, config, event, request_id, started):
        if isinstance(event, FunctionUrlEvent):
            request_id = event["requestContext"]["requestId"]
        return dispatch(func, config, event, request_id, started)

    functions._execute_function_dispatch = dispatch_with_id


def check_both_actions(app):
    check = app._enforce_data_plane
    require_parameters(
        check, ["service", "iam_action", "headers", "query_params", "request_id", "resource_arn"]
    )

    @functools.wraps(check)
    def check_both(service, iam_action, headers, query_params, *rest, service_context=None, **named):
        request = (headers, query_params, *rest)
        denied = check(service, iam_action, *request, service_context=service_context, **named)
        if denied or iam_action != "lambda:InvokeFunctionUrl":
            return denied
        context = service_context or {}
        unsigned = not app.extract_access_key_id(headers, query_params)
        if unsigned or context.get("lambda:FunctionUrlAuthType") == "NONE":
            # Decided by the URL's AuthType alone.
            return None
        context = {**context, "lambda:InvokedViaFunctionUrl": "true"}
        return check(service, "lambda:InvokeFunction", *request, service_context=context, **named)

    app._enforce_data_plane = check_both


def know_granted_principals(actions):
    build = actions.request_tag_context
    require_parameters(build, ["service", "iam_action", "body", "params"])

    @functools.wraps(build)
    def build_with_principal(service, iam_action, body, params):
        context = build(service, iam_action, body, params)
        if iam_action != "lambda:AddPermission":
            return context
        try:
            principal = json.loads(body)["Principal"]
        except (ValueError, KeyError, TypeError):
            return context
        return {**context, "lambda:Principal": principal}

    actions.request_tag_context = build_with_principal


def stream_through_apis(apis, functions):
    invoke = apis._invoke_lambda_proxy_v1
    require_parameters(invoke, ["integration", "api_id", "stage_name"])
    shape = apis._lambda_proxy_response
    require_parameters(shape, ["result"])
    require_parameters(functions._split_stream_prelude, ["payload"])
    function_of = apis._extract_lambda_ref_from_integration_uri
    require_parameters(function_of, ["uri"])

    @functools.wraps(function_of)
    def streaming_function_of(uri):
        return function_of(uri.replace("/response-streaming-invocations", "/invocations"))

    @functools.wraps(shape)
    def shape_stream(result):
        payload = result.get("body")
        payload = payload.encode() if isinstance(payload, str) else payload
        if result.get("error") or not isinstance(payload, bytes):
            return shape(result)
        prelude, body = functions._split_stream_prelude(payload)
        if prelude is None:
            return shape(result)
        return {**prelude, "body": body.decode()}, None

    @functools.wraps(invoke)
    async def invoke_and_rename(*request, **named):
        answer = await invoke(*request, **named)
        if not isinstance(answer, tuple):
            return answer
        status, headers, body = answer
        kept = {
            "x-amzn-Remapped-" + name if name.lower() == "www-authenticate" else name: value
            for name, value in headers.items()
        }
        return status, kept, body

    apis._extract_lambda_ref_from_integration_uri = streaming_function_of
    apis._lambda_proxy_response = shape_stream
    apis._invoke_lambda_proxy_v1 = invoke_and_rename


def end_with_standard_input():
    def wait():
        while sys.stdin.buffer.read(4096):
            pass
        # Its functions are in its process group, unless somebody started it by hand.
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    installed = importlib.metadata.version("ministack")
    require(installed == VERSION, f"this is ministack {installed}")
    listener = listen()

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator, router
    from ministack.services import apigateway_v1, lambda_svc, sqs

    wake_long_polls(sqs)
    name_callers(lambda_svc, app, iam_evaluator, router)
    share_request_ids(lambda_svc)
    check_both_actions(app)
    know_granted_principals(iam_actions)
    stream_through_apis(apigateway_v1, lambda_svc)
    end_with_standard_input()

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = app.LOG_LEVEL
    print(f"listening {os.environ['GATEWAY_PORT']}", flush=True)
    asyncio.run(serve(app.app, config))


if __name__ == "__main__":
    main()
