"""Try every situation and print it with its outcome: `make situations`."""

import logging
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "workflow_scripts")]

from situations import all_situations, is_right, outcome


def attempt(one):
    """Return (whether a situation came out right, what came of it)."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        try:
            found = outcome(one, Path(folder).resolve())
        except Exception as error:  # whatever it is, it is not what was right
            return False, f"{type(error).__name__}: {error}"
    return is_right(one, found), found


def main():
    """Print the list, grouped; return the exit code."""
    logging.disable(logging.WARNING)
    situations, wrong, group = all_situations(), 0, None
    for one in sorted(situations, key=lambda one: one.group):
        if one.group != group:
            group = one.group
            print(f"\n{group}")
        right, found = attempt(one)
        wrong += not right
        said = found if right else f"expected {one.right!r}, found {found!r}"
        print(f"  {'ok   ' if right else 'WRONG'} {one.what}\n          {said}")
    print(f"\n{len(situations)} situations, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
