"""What the owner of an account does in it besides deploying the gateway.

    python owner.py tool NAME...          makes functions of examples/python/NAME.py, or of NAME.py
                                          in this folder
    python owner.py user NAME POLICY...   makes a user with policies: files, or STACK-LOGICALID of managed ones
    python owner.py left                  tells the names of functions, queues and tables
    python owner.py stack NAME IDENTIFIER FUNCTION...
                                          makes a stack with this parameter and with the log groups of
                                          these functions, and nothing else
    python owner.py write GROUP LINE...   writes lines into a log group
    python owner.py count IDENTIFIER OPERATION NAME=VALUES...
                                          counts metrics as the functions do, such as Latency=1,2.5

A user is printed as `ACCESS_KEY_ID SECRET_ACCESS_KEY`, names one on each line. Where and as whom,
the environment says as for the AWS CLI.
"""

import io
import json
import pathlib
import sys
import time
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


def stack(name, identifier, *functions):
    groups = {
        f"Logs{number}": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": f"/aws/lambda/${{StackIdentifier}}-{function}"}},
        }
        for number, function in enumerate(functions)
    }
    template = {"Parameters": {"StackIdentifier": {"Type": "String"}}, "Resources": groups}
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "StackIdentifier", "ParameterValue": identifier}],
    )
    # Asked every second: the default is every thirty.
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def write(group, *lines):
    logs = boto3.client("logs")
    now = time.time_ns() // 1_000_000
    stream = f"{now}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    # A millisecond each, so that they have an order.
    events = [
        {"timestamp": now - len(lines) + number, "message": line}
        for number, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def count(identifier, operation, *metrics):
    scope = [{"Name": "Stack", "Value": identifier}]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Value": float(value)}
        for dimensions in (scope, [*scope, {"Name": "Operation", "Value": operation}])
        for name, values in (metric.split("=") for metric in metrics)
        for value in values.split(",")
    ]
    boto3.client("cloudwatch").put_metric_data(Namespace="mcp-lambda", MetricData=data)


if __name__ == "__main__":
    commands = {
        "tool": tool, "user": user, "left": left, "stack": stack, "write": write, "count": count,
    }
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python owner.py {'|'.join(commands)} ...")
    commands[sys.argv[1]](*sys.argv[2:])
