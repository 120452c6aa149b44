"""The AWS SDK for Python against the local Lambda host that runs the functions of examples/.

    python lambda_host.py ENDPOINT

ENDPOINT is the base URL of the host's Invoke API. Every step asserts, then
prints one JSON object; the first failing step prints why and exits 1.
"""

import json
import os
import sys
from base64 import b64encode
from contextlib import contextmanager

os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3  # noqa: E402  (reads the environment when imported)
from botocore.config import Config  # noqa: E402


@contextmanager
def step(name):
    seen = {}
    try:
        yield seen
    except Exception as error:
        why = str(error) or repr(error)
        print(json.dumps({"step": name, "ok": False, "error": why}))
        print(f"{name}: {why}", file=sys.stderr)
        sys.exit(1)
    print(json.dumps({"step": name, "ok": True, **seen}), flush=True)


def main(endpoint):
    client = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )
    oslo = json.dumps({"city": "Oslo", "days": 1})

    with step("Invoke") as seen:
        answer = client.invoke(FunctionName="forecast", Payload=oslo)
        assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
        seen["payload"] = json.loads(answer["Payload"].read())
        assert seen["payload"]["days"] == [{"day": 1, "sky": "rain", "celsius": 11}]

    with step("Invoke by ARN, with a client context"):
        arn = "arn:aws:lambda:us-east-1:000000000000:function:forecast"
        context = b64encode(json.dumps({"custom": {"mcpName": "forecast"}}).encode()).decode()
        answer = client.invoke(FunctionName=arn, Payload=oslo, ClientContext=context)
        assert "FunctionError" not in answer, answer["Payload"].read()

    with step("function error") as seen:
        answer = client.invoke(FunctionName="forecast", Payload=json.dumps({"city": "Atlantis"}))
        assert answer["StatusCode"] == 200 and answer["FunctionError"], answer
        seen["error"] = json.loads(answer["Payload"].read())
        assert seen["error"]["errorType"] == "ValueError"
        assert "Atlantis" in seen["error"]["errorMessage"]

    with step("DryRun"):
        answer = client.invoke(FunctionName="forecast", InvocationType="DryRun", Payload=oslo)
        assert answer["StatusCode"] == 204, answer

    with step("Event"):
        answer = client.invoke(FunctionName="forecast", InvocationType="Event", Payload=oslo)
        assert answer["StatusCode"] == 202, answer

    with step("unknown function"):
        try:
            client.invoke(FunctionName="no-such-function", Payload="{}")
        except client.exceptions.ResourceNotFoundException:
            pass
        else:
            raise AssertionError("an unknown function was invoked")

    with step("InvokeWithResponseStream") as seen:
        answer = client.invoke_with_response_stream(FunctionName="countdown", Payload=json.dumps({"from": 3}))
        body, complete = b"", None
        for event in answer["EventStream"]:
            if "PayloadChunk" in event:
                body += event["PayloadChunk"]["Payload"]
            else:
                complete = event["InvokeComplete"]
        lines = [json.loads(line) for line in body.splitlines()]
        assert complete is not None and "ErrorCode" not in complete, complete
        assert len(lines) == 5 and lines[-1] == {"lifted": True, "steps": 3}, lines
        seen["lines"] = len(lines)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: python lambda_host.py ENDPOINT", file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1])
