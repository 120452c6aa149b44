"""Checks templates as their users' tools do.

    python lint.py TEMPLATE...

For each template, one line of JSON on standard output:

    {"template": path, "lint": [finding], "serverless": [finding], "expanded": template}

`lint` is what cfn-lint finds; a template with the SAM transform is given to `sam validate --lint`,
which asks cfn-lint, and to the SAM translator: `expanded` is what it makes of it, else null.
`serverless` is what the rules of cfn-lint-serverless find in templates without the transform. Exits
0 whatever is found; that a template cannot be expanded is a finding.
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
from cfnlint.rules import RulesCollection
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


def findings(text, rules=None):
    matches = lint(text, rules, config=ManualArgs(regions=["us-east-1"]))
    return [
        f"{match.rule.id} {'/'.join(str(part) for part in match.path or [])}: {match.message}"
        for match in matches
    ]


def serverless_rules():
    rules = RulesCollection()
    rules.create_from_module(SERVERLESS_RULES)
    return rules


def validate(path):
    """What `sam validate --lint` says against a template."""
    result = CliRunner().invoke(sam, ["validate", "--lint", "--template-file", path])
    return [] if result.exit_code == 0 else [f"{result.output}{result.exception!r}"]


def packaged(template):
    """The template as `sam package` leaves it: code on this machine is in a bucket."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        code = properties.get("CodeUri")
        if isinstance(code, str) and not code.startswith("s3://"):
            properties["CodeUri"] = "s3://bucket/package"
    return template


def expand(template):
    """What the SAM translator makes of a template, and what it says against it."""
    try:
        return transform(packaged(template), {}, NoManagedPolicies()), []
    except InvalidDocumentException as refusal:
        causes = "; ".join(cause.message for cause in refusal.causes)
        return None, [f"{refusal.message}: {causes}"]


def check(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    template = yaml_parse(text)
    report = {"template": path, "serverless": [], "expanded": None}
    # Rules print what they cannot read.
    with contextlib.redirect_stdout(io.StringIO()):
        if template.get("Transform") == TRANSFORM:
            report["expanded"], refused = expand(template)
            return report | {"lint": validate(path) + refused}
        report["serverless"] = findings(text, serverless_rules())
        return report | {"lint": findings(text)}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python lint.py TEMPLATE...")
    for template in sys.argv[1:]:
        print(json.dumps(check(template)), flush=True)
