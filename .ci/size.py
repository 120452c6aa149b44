"""Refuses a program of the deployed functions that is larger than its budget.

    python3 size.py FILE

What Lambda reads at a cold start is the archive's content, and what is uploaded is the archive, so
both have a bound. Who raises one says in docs/decisions.md what the bytes are for.
"""

import io
import pathlib
import sys
import zipfile

BUDGET = 9_700_000  # bytes of the program
ZIP_BUDGET = 4_000_000  # bytes of the archive


def main(path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(path, "bootstrap")
    sizes = (("program", pathlib.Path(path).stat().st_size, BUDGET), ("archive", packed.tell(), ZIP_BUDGET))
    for name, size, budget in sizes:
        print(f"{name}: {size} bytes of {budget}")
    if any(size > budget for _, size, budget in sizes):
        sys.exit("the functions' program is larger than its budget; see .ci/size.py")


if __name__ == "__main__":
    main(*sys.argv[1:])
