"""Reads Terraform configurations.

    python terraform.py FILE...

Prints a JSON object: for each file its blocks as `{"resource TYPE NAME": {ARGUMENT: VALUE}}`, with
expressions as text. Fails if a file is not HCL. No provider is asked, so whether one knows the
types and arguments is not looked at.
"""

import json
import sys

import hcl2


def blocks(kind, block, path=()):
    """The labels of a block are nested; what is below them are arguments, each in a list."""
    depth = {"resource": 2, "data": 2, "variable": 1, "output": 1}.get(kind, 0)
    if len(path) == depth:
        arguments = {
            name: value[0] if isinstance(value, list) else value
            for name, value in block.items()
            if not name.startswith("__")
        }
        yield " ".join((kind, *path)), arguments
        return
    for label, rest in block.items():
        yield from blocks(kind, rest, (*path, label))


def read(path):
    with open(path, encoding="utf-8") as file:
        document = hcl2.load(file)
    return {
        name: arguments
        for kind, found in document.items()
        for block in found
        for name, arguments in blocks(kind, block)
    }


if __name__ == "__main__":
    print(json.dumps({path: read(path) for path in sys.argv[1:]}))
