"""Prints the IAM actions of the services that templates here use, from cfn-lint.

usage: actions.py CFN_LINT_DATA

A line for each service: the actions that know resources, then those that need `*`.
"""

import json
import sys
from pathlib import Path

SERVICES = """apigateway cloudformation cloudwatch dynamodb ec2 events execute-api iam kms lambda logs s3
scheduler secretsmanager serverlessrepo sns sqs ssm sts xray""".split()


def main():
    known = json.loads((Path(sys.argv[1]) / "AdditionalSpecs/Policies.json").read_text())
    for service in SERVICES:
        actions = known[service]["Actions"]
        scoped = sorted(name for name, action in actions.items() if action.get("Resources"))
        unscoped = sorted(name for name, action in actions.items() if not action.get("Resources"))
        print(f"{service}: {' '.join(scoped)} | {' '.join(unscoped)}")


main()
