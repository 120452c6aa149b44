"""Somebody at a terminal who is asked by `$MCP_LAMBDA`.

    python terminal.py URL DOCUMENT

URL is a gateway that serves examples/, and DOCUMENT one of its registrations. Each answer is typed when its question is there. Prints one
JSON object for each step, or ends with status 1.
"""

import json
import os
import pty
import select
import sys
import time

LIMIT = 30  # seconds


def ask(arguments, talk):
    """Runs the program; types each answer after its question. Returns what was shown, and the exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["MCP_LAMBDA_URL"] = sys.argv[1]
        os.execv(os.environ["MCP_LAMBDA"], ["mcp-lambda", *arguments])
    shown, end = "", time.monotonic() + LIMIT
    seen = 0
    while time.monotonic() < end:
        if not select.select([terminal], [], [], end - time.monotonic())[0]:
            break
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # The other end is closed.
            piece = b""
        if not piece:
            return shown, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shown += piece.decode(errors="replace")
        if talk and talk[0][0] in shown[seen:]:
            question, answer = talk.pop(0)
            seen = shown.index(question, seen) + len(question)
            os.write(terminal, f"{answer}\n".encode())
    sys.exit(f"no end within {LIMIT} s: {shown}")


def step(name, arguments, talk, expected, code):
    shown, ended = ask(arguments, list(talk))
    assert expected in shown, f"{name}: {expected!r} is missing: {shown}"
    assert ended == code, f"{name}: exit code {ended}: {shown}"
    print(json.dumps({"step": name, "ok": True}), flush=True)


BOOK = ["call", "book_table", "city=Oslo", "guests=2"]
YES = [("Answer? [y/N]: ", "y"), ("Book this table? (boolean): ", "perhaps"), ("must be true or false", "true"), ("In whose name?: ", "Ada")]
for revision in ("2026-07-28", "2025-11-25"):
    step(f"accepts, {revision}", [*BOOK, "--revision", revision], YES, '"name": "Ada"', 0)
    step(f"declines, {revision}", [*BOOK, "--revision", revision], [("Answer? [y/N]: ", "n")], '"booked": false', 0)
prune = ["register", "import", sys.argv[2], "--prune"]
step("says no", prune, [("Change this? [y/N]: ", "")], "nothing was changed", 10)
step("says yes", prune, [("Change this? [y/N]: ", "y")], "tool-forecast is removed", 0)
