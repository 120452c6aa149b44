"""Runs a program at a terminal and answers what it asks.

    python terminal.py ANSWERS PROGRAM [ARGUMENT...]

ANSWERS is JSON: a list of [question, answer], in the order in which they come. When the question
has been written, the answer is typed, with Enter. With `null` as the last of them, all other
questions, which end in `]: `, are answered with Enter alone. Prints what the terminal shows, with all control
characters, and exits as the program does. A question that does not come within a minute ends it.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 60  # seconds
ROWS, COLUMNS = 40, 100


def main(answers, *program):
    answers = json.loads(answers)
    others = answers[-1:] == [None]
    answers = [answer for answer in answers if answer]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(program[0], program)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    shown, seen, until = b"", 0, time.monotonic() + LIMIT
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, until - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            sys.stdout.buffer.write(shown)
            sys.exit(f"nothing came for {LIMIT} seconds; left to answer: {answers}")
        try:
            more = os.read(terminal, 65536)
        except OSError:
            more = b""  # how Linux tells that nobody has the terminal any more
        if not more:
            break
        shown, until = shown + more, time.monotonic() + LIMIT
        while answers and answers[0][0].encode() in shown[seen:]:
            question, answer = answers.pop(0)
            seen = shown.index(question.encode(), seen) + len(question)
            os.write(terminal, answer.encode() + b"\n")
        if others and shown[seen:].endswith(b"]: "):
            seen = len(shown)
            os.write(terminal, b"\n")
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    _, status = os.waitpid(pid, 0)
    if answers:
        sys.exit(f"it never asked: {answers}")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python terminal.py ANSWERS PROGRAM [ARGUMENT...]")
    main(*sys.argv[1:])
