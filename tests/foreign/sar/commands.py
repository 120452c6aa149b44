"""Looks whether the AWS CLI knows the commands of a document.

    python commands.py DOCUMENT

Takes every indented line that runs `aws`, with the lines that a backslash continues it with, and
compares it with the models of the services, from which the AWS CLI makes its commands: whether
the operation exists, whether each option is one of its members, and whether no member is missing
that must be there. Prints SERVICE OPERATION for each. Asks nobody anything.
"""

import json
import re
import shlex
import sys

import botocore.session
from botocore import xform_name

# Of every command, not of an operation.
GLOBAL = {"region", "profile", "query", "output"}


def commands(text):
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        found = re.match(r"^    (?:\w+=\$\()?aws (.*?)\)?$", line)
        if found:
            yield shlex.split(found.group(1))


def options(words):
    named = {}
    for word in words:
        if word.startswith("--"):
            name = word.removeprefix("--")
            named[name] = []
        else:
            named[name].append(word)
    return named


def look(session, words):
    service, operation, *rest = words
    model = session.get_service_model(service)
    if operation == "wait":
        waiter, *rest = rest
        waiters = session.get_waiter_model(service)
        names = {xform_name(name, "-"): name for name in waiters.waiter_names}
        asked = waiters.get_waiter(names[waiter]).operation
        operation = f"wait {waiter}"
    else:
        names = {xform_name(name, "-"): name for name in model.operation_names}
        asked = names[operation]
    shape = model.operation_model(asked).input_shape
    members = {xform_name(name, "-"): name for name in shape.members}
    named = options(rest)
    unknown = named.keys() - members.keys() - GLOBAL
    if unknown:
        raise SystemExit(f"{service} {operation} has no {', '.join(sorted(unknown))}")
    missing = set(shape.required_members) - {members.get(name) for name in named}
    if missing:
        raise SystemExit(f"{service} {operation} needs {', '.join(sorted(missing))}")
    for name, values in named.items():
        for value in values:
            if value.startswith(("[", "{")):
                json.loads(value)
    return f"{service} {operation}"


def main():
    session = botocore.session.get_session()
    with open(sys.argv[1], encoding="utf-8") as document:
        text = document.read()
    for words in commands(text):
        print(look(session, words))


if __name__ == "__main__":
    main()
