"""The two ways in which input can be bad: the study cannot start, or one case cannot take part."""

import difflib


class BadInput(ValueError):
    """The configuration or a table is wrong; nothing may start until it is mended.

    The message is one sentence: what was expected, what was found, what to do.
    """


class BadCase(ValueError):
    """One case cannot take part; it is excluded with this reason and the others go on."""


def closest(word, words):
    """Return the hint that names the word of `words` nearest to `word`."""
    near = difflib.get_close_matches(str(word), [str(w) for w in words], n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(map(str, words))}."
