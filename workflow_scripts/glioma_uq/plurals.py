"""Numbers of things in words."""


def counted(number, noun):
    """Return the number and its noun, which takes an s in the plural.

    >>> counted(1, "case"), counted(0, "case")
    ('1 case', '0 cases')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
