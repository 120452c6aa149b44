"""What a Function URL of the emulated AWS tells its function, asserted.

    python function_url.py ENDPOINT

ENDPOINT is the URL of a ministack with AUTH=true. Exits 0 and prints `ok`, or fails with a trace.
"""

import io
import json
import sys
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
ENDPOINT = sys.argv[1]
PATIENCE = 30

CODE = """
import json

def handler(event, context):
    said = {"context": event["requestContext"], "invocation": context.aws_request_id}
    return {"statusCode": 200, "body": json.dumps(said)}
"""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
            "Resource": "*",
        }
    ],
}


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def zipped(code):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", code)
    return buffer.getvalue()


def call(url, key=None):
    """The status, the answer and the id that its header has."""
    host = url.split("//")[1].strip("/")
    headers = {"host": host}
    if key:
        request = AWSRequest("GET", f"https://{host}/path", headers=headers)
        SigV4Auth(Credentials(*key), "lambda", REGION).add_auth(request)
        headers = dict(request.headers)
    request = urllib.request.Request(f"{ENDPOINT}/path", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer), answer.headers["x-amzn-requestid"]
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), None


def main():
    iam, functions = client("iam"), client("lambda")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    urls = {}
    for auth in ("AWS_IAM", "NONE"):
        functions.create_function(
            FunctionName=auth,
            Runtime="python3.11",
            Role=role["Arn"],
            Handler="index.handler",
            Timeout=PATIENCE,
            Code={"ZipFile": zipped(CODE)},
        )
        made = functions.create_function_url_config(FunctionName=auth, AuthType=auth)
        urls[auth] = made["FunctionUrl"]
    user = iam.create_user(UserName="user")["User"]
    iam.put_user_policy(
        UserName="user", PolicyName="policy", PolicyDocument=json.dumps(ALLOWED)
    )
    made = iam.create_access_key(UserName="user")["AccessKey"]
    key = (made["AccessKeyId"], made["SecretAccessKey"])

    status, said, header = call(urls["AWS_IAM"], key)
    assert status == 200, (status, said)
    assert said["context"]["authorizer"]["iam"] == {
        "accessKey": key[0],
        "accountId": user["Arn"].split(":")[4],
        "callerId": user["UserId"],
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": user["Arn"],
        "userId": user["UserId"],
    }, said
    assert said["invocation"] == said["context"]["requestId"] == header, (said, header)

    status, said, header = call(urls["NONE"])
    assert status == 200, (status, said)
    assert "authorizer" not in said["context"], said
    assert said["invocation"] == said["context"]["requestId"] == header, (said, header)

    for refused in (None, (key[0], "another-secret"), ("AKIAUNKNOWNUNKNOWN00", key[1])):
        status, said, _ = call(urls["AWS_IAM"], refused)
        assert status == 403, (refused, status, said)

    # The payload of an ordinary call may look like such an event, and keeps its own id.
    lookalike = json.dumps({"requestContext": {"requestId": "chosen by the caller"}})
    answer = functions.invoke(FunctionName="AWS_IAM", Payload=lookalike)
    said = json.loads(json.load(answer["Payload"])["body"])
    assert said["invocation"] != "chosen by the caller", said

    # A poll without a message takes its whole time.
    queues = client("sqs")
    queue = queues.create_queue(QueueName="queue")["QueueUrl"]
    began = time.monotonic()
    assert "Messages" not in queues.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert time.monotonic() - began >= 1
    print("ok")


if __name__ == "__main__":
    main()
