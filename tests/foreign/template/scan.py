"""Looks for insecure settings in CloudFormation templates with checkov.

    python scan.py TEMPLATE...

Prints a JSON object: for each template `{"passed": count, "failed": ["CHECK Resource: title"]}`.
Resources under a condition that does not hold are not looked at, so templates should have none.
Exits 0 whatever is found. Nothing is asked of anybody: the checks are those of the package.
"""

import json
import logging
import os
import sys

os.environ["LOG_LEVEL"] = "ERROR"
logging.disable(logging.CRITICAL)

from checkov.cloudformation.runner import Runner
from checkov.runner_filter import RunnerFilter


def scan(path):
    report = Runner().run(
        root_folder=None, files=[path], runner_filter=RunnerFilter(framework=["cloudformation"])
    )
    if report.parsing_errors:
        sys.exit(f"checkov cannot read {path}")
    failed = {
        f"{record.check_id} {record.resource.split('.')[-1]}: {record.check_name}"
        for record in report.failed_checks
    }
    return {"passed": len(report.passed_checks), "failed": sorted(failed)}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python scan.py TEMPLATE...")
    print(json.dumps({path: scan(path) for path in sys.argv[1:]}))
