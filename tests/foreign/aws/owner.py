"""What the owner of an account does in it besides deploying the gateway.

    python owner.py tool NAME...          makes functions of examples/python/NAME.py, or of NAME.py
                                          in this folder
    python owner.py user NAME POLICY...   makes a user with policies: files, or STACK-LOGICALID of managed ones
    python owner.py left                  tells the names of functions, queues and tables

A user is printed as `ACCESS_KEY_ID SECRET_ACCESS_KEY`, names one on each line. Where and as whom,
the environment says as for the AWS CLI.
"""

import io
import json
import pathlib
import sys
import zipfile

import boto3

OWN = pathlib.Path(__file__).resolve().parent
FOLDERS = (OWN.parents[2] / "examples" / "python", OWN)
RUNTIME = "python3.11"
TIMEOUT = 30  # seconds
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


def archive(path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.write(path, path.name)
    return packed.getvalue()


def source(name):
    return next(path for path in (folder / f"{name}.py" for folder in FOLDERS) if path.is_file())


def tool(*names):
    role = boto3.client("iam").create_role(
        RoleName="tools", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    for name in names:
        boto3.client("lambda").create_function(
            FunctionName=name,
            Runtime=RUNTIME,
            Handler=f"{name}.handler",
            Role=role["Role"]["Arn"],
            Timeout=TIMEOUT,
            Code={"ZipFile": archive(source(name))},
        )


def user(name, *policies):
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    managed = iam.list_policies(Scope="Local")["Policies"]
    for number, policy in enumerate(policies):
        file = pathlib.Path(policy)
        if file.is_file():
            iam.put_user_policy(
                UserName=name, PolicyName=f"p{number}", PolicyDocument=file.read_text()
            )
            continue
        # CloudFormation names them STACK-LOGICALID-RANDOM.
        found = [one["Arn"] for one in managed if one["PolicyName"].startswith(f"{policy}-")]
        assert len(found) == 1, (policy, managed)
        iam.attach_user_policy(UserName=name, PolicyArn=found[0])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    print(key["AccessKeyId"], key["SecretAccessKey"])


def left():
    for one in boto3.client("lambda").list_functions()["Functions"]:
        print("function", one["FunctionName"])
    for url in boto3.client("sqs").list_queues().get("QueueUrls", []):
        print("queue", url.rsplit("/", 1)[-1])
    for name in boto3.client("dynamodb").list_tables()["TableNames"]:
        print("table", name)


if __name__ == "__main__":
    commands = {"tool": tool, "user": user, "left": left}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit("usage: python owner.py tool|user|left ...")
    commands[sys.argv[1]](*sys.argv[2:])
