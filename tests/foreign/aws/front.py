"""Puts a Function URL with AWS_IAM before a server of this machine, in the emulated AWS.

    python front.py ENDPOINT TARGET

The function behind the URL passes everything on to TARGET, a URL without a slash at the end, so that
what reaches it has been signed by somebody who may. Prints the id of the Function URL.
"""

import io
import json
import sys
import zipfile

import boto3

SOURCE = """
import base64, os, urllib.error, urllib.request

KEPT = ("accept", "content-type", "if-match", "mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id")

def handler(event, context):
    body = event.get("body")
    if body is not None:
        body = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    path = event["rawPath"] + ("?" + event["rawQueryString"] if event.get("rawQueryString") else "")
    headers = {name: value for name, value in event["headers"].items()
               if name in KEPT or name.startswith("mcp-param-")}
    # A function answers in one piece.
    headers["accept"] = "application/json, text/event-stream"
    method = event["requestContext"]["http"]["method"]
    request = urllib.request.Request(os.environ["TARGET"] + path, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    kept = {name: value for name, value in answer.headers.items()
            if name.lower() in ("content-type", "etag", "mcp-session-id")}
    return {"statusCode": answer.status, "headers": kept, "body": answer.read().decode()}
"""


def main(endpoint, target):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("front.py", SOURCE)
    place = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    place |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = boto3.client("iam", **place).create_role(RoleName="front", AssumeRolePolicyDocument=policy)
    lam = boto3.client("lambda", **place)
    lam.create_function(
        FunctionName="front", Runtime="python3.11", Handler="front.handler", Role=role["Role"]["Arn"], Timeout=30,
        Code={"ZipFile": archive.getvalue()}, Environment={"Variables": {"TARGET": target}})
    made = lam.create_function_url_config(FunctionName="front", AuthType="AWS_IAM")
    print(made["FunctionUrl"].removeprefix("https://").split(".")[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
