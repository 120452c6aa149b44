"""Checks templates as their users' tools do.

    python lint.py TEMPLATE...

For each template, one line of JSON on standard output:

    {"template": path, "lint": [finding], "sam": text, "expanded": template, "transformed": [finding]}

`lint` is what cfn-lint finds, with the rules for serverless templates. The others are there for
templates with the SAM transform only: `sam` is what `sam validate --lint` says if it refuses the
template, else null; `expanded` is what the SAM translator makes of it, and `transformed` what
cfn-lint finds in that. Exits 0 whatever is found; a template that cannot be expanded is a finding.
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import time

# Before sam is imported: it says nothing to anybody, and does not ask whether it is the newest.
HOME = tempfile.TemporaryDirectory()
os.environ.update(
    SAM_CLI_TELEMETRY="0",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    __SAM_CLI_APP_DIR=HOME.name,
)
with open(os.path.join(HOME.name, "metadata.json"), "w") as file:
    json.dump({"lastVersionCheck": time.time()}, file)

from cfnlint.api import ManualArgs, lint
from click.testing import CliRunner
from samcli.cli.main import cli as sam
from samcli.yamlhelper import yaml_parse
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

# sam sends what all its parts log to standard output.
logging.disable(logging.CRITICAL)

TRANSFORM = "AWS::Serverless-2016-10-31"
SERVERLESS_RULES = "cfn_lint_serverless.rules"


class NoManagedPolicies:
    """The translator asks for managed policies by name; the templates name them by ARN."""

    @staticmethod
    def load():
        return {}


def findings(text, **arguments):
    # Appended rules print what they cannot read.
    with contextlib.redirect_stdout(io.StringIO()):
        matches = lint(text, config=ManualArgs(regions=["us-east-1"], **arguments))
    return [
        f"{match.rule.id} {'/'.join(str(part) for part in match.path or [])}: {match.message}"
        for match in matches
    ]


def validate(path):
    """What `sam validate --lint` says against a template."""
    result = CliRunner().invoke(sam, ["validate", "--lint", "--template-file", path])
    return None if result.exit_code == 0 else f"{result.output}{result.exception!r}"


def packaged(template):
    """The template as `sam package` leaves it: code on this machine is in a bucket."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        code = properties.get("CodeUri")
        if isinstance(code, str) and not code.startswith("s3://"):
            properties["CodeUri"] = "s3://bucket/package"
    return template


def check(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    template = yaml_parse(text)
    report = {"template": path, "lint": findings(text, append_rules=[SERVERLESS_RULES])}
    if template.get("Transform") != TRANSFORM:
        return report
    report["sam"] = validate(path)
    try:
        expanded = transform(packaged(template), {}, NoManagedPolicies())
    except InvalidDocumentException as refusal:
        causes = "; ".join(cause.message for cause in refusal.causes)
        return report | {"expanded": None, "transformed": [f"{refusal.message}: {causes}"]}
    return report | {"expanded": expanded, "transformed": findings(json.dumps(expanded))}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python lint.py TEMPLATE...")
    for template in sys.argv[1:]:
        print(json.dumps(check(template)), flush=True)
