"""Nouns that agree with their number."""


def plural(number, noun):
    """Return the noun, with an s unless the number is 1."""
    return noun if number == 1 else f"{noun}s"


def counted(number, noun):
    """Return the number and its noun.

    >>> counted(1, "case"), counted(0, "case")
    ('1 case', '0 cases')
    """
    return f"{number} {plural(number, noun)}"
