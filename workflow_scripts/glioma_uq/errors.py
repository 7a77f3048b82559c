"""The two ways in which input can be bad: the study cannot start, or one case cannot take part."""


class BadInput(ValueError):
    """The configuration or a table is wrong; nothing may start until it is mended.

    The message is one sentence: what was expected, what was found, what to do.
    """


class BadCase(ValueError):
    """One case cannot take part; it is excluded with this reason and the others go on."""
