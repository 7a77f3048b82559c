"""Users' regular expressions, matched within a time limit.

Some take time that doubles with each character of a text, as `^(a+)+$`. Python's `re` has no limit
of its own, but lets a signal end a search.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
import signal
from contextlib import contextmanager

from glioma_uq.errors import BadInput

LONGEST_S = 1.0  # a pattern without repetitions of repetitions takes microseconds


class TooSlow(BadInput):
    """A pattern was not decided within LONGEST_S."""


def search(pattern, text):
    """Return re.search(pattern, text), called in the main thread; raise TooSlow after LONGEST_S."""
    with _time_limit(pattern, text):
        return re.search(pattern, text)


def fullmatch(pattern, text):
    """Return re.fullmatch(pattern, text) in the same way."""
    with _time_limit(pattern, text):
        return re.fullmatch(pattern, text)


@contextmanager
def _time_limit(pattern, text):
    def stop(*_):
        raise TooSlow(
            f"expected a pattern that is decided within {LONGEST_S:g} s, found {pattern!r} still "
            f"at work on {text!r}, write it without a repetition inside another"
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
