"""Shares an application as `aws serverlessrepo put-application-policy` does.

    python share.py APPLICATION STATEMENTS

STATEMENTS is JSON, as the command takes it. Region, keys and endpoint come from the environment.
"""

import json
import sys

import boto3


def main():
    application, statements = sys.argv[1:]
    client = boto3.client("serverlessrepo")
    client.put_application_policy(ApplicationId=application, Statements=json.loads(statements))


if __name__ == "__main__":
    main()
