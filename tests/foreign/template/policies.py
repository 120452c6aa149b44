"""Checks IAM policies with parliament.

    python policies.py FILE

The file is a JSON object of policy documents by name. Prints a JSON object: for each name the list
of what parliament finds, empty if nothing. Exits 0 whatever is found.
"""

import json
import sys

import parliament


def findings(document):
    policy = parliament.analyze_policy_string(json.dumps(document))
    enhanced = [parliament.enhance_finding(finding) for finding in policy.findings]
    return [f"{one.issue}: {one.title} {one.detail} {one.location}" for one in enhanced]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python policies.py FILE")
    with open(sys.argv[1], encoding="utf-8") as file:
        documents = json.load(file)
    print(json.dumps({name: findings(document) for name, document in documents.items()}))
