"""From the texts of a label column to classes: every text is named, none is guessed.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from collections import Counter
from difflib import get_close_matches

from glioma_uq.errors import BadInput
from glioma_uq.patterns import fullmatch
from glioma_uq.plurals import counted
from glioma_uq.tasks import TASKS, UNKNOWN
from glioma_uq.text_tables import number_of
from glioma_uq.texts import composed, quoted

# In small letters, what software writes for no value: BIDS n/a, R NA, pandas nan, Excel #N/A.
NOT_KNOWN = ("n/a", "na", "nan", "#n/a")
UNKNOWN_NAME = "unknown"
MOST_LISTED = 20  # texts without a class in a sentence
CODES = {
    task: {str(code): code for code in (*classes, UNKNOWN)} | {"n/a": UNKNOWN, "NA": UNKNOWN}
    for task, classes in TASKS.items()
}


def read_labels_of(rows, columns, values, path, key):
    """Return {task: its labels of all rows}, integers, -1 for an unknown one.

    An empty text is unknown. A label of several columns (IDH1 and IDH2) is the highest class
    that one of them has; it is unknown where one of them is, unless another has the task's
    highest class. So a glioma is IDH wildtype where no column knows a mutation and all are known.
    For 1p19q (1p and 19q) it is the lowest class: co-deleted where both are, intact where one is.

    Args:
        rows: a table's rows, from `read_text_table`.
        columns: {task: its columns}, in any number; without one all labels are unknown.
        values: {task: {text or pattern: class or "unknown"}}; for a task without it the texts
            are the classes themselves, -1, and n/a, NA, nan or #N/A in any letters. Patterns have
            * for any text and ? for any character, but a lone ? is the sign itself; a text that is
            in the map goes before.
        path: of the table, for errors.
        key: of the config that has a task's `values`, with {} for the task.

    Raises BadInput, in one sentence for all columns, for texts that have no class.
    """
    labels, faults = {}, []
    for task, names in columns.items():
        named = values.get(task) or CODES[task]
        classes = {}
        for name in names:
            counts = Counter(row[name] for row in rows)
            classes[name] = {text: _class_of(text, named, key.format(task)) for text in counts}
            unnamed = {text: n for text, n in counts.items() if classes[name][text] is None}
            if unnamed:
                faults.append((task, name, named, unnamed))
        labels[task] = [_joined([classes[name][row[name]] for name in names], task) for row in rows]
    if faults:
        raise BadInput(_sentence(faults, path, key))
    return labels


def read_keys_as_text(config):
    """Make the keys of all maps of values text, in place: YAML reads 2 as a number."""
    labels = (config["cohort"] or {}).get("labels", {}).get("values", {})
    columns = (config["predictions"] or {}).get("columns", {})
    places = [(labels, task, f"cohort.labels.values.{task}") for task in labels]
    places += [
        (columns[task], "values", f"predictions.columns.{task}.values")
        for task in TASKS
        if task in columns
    ]
    for part, name, key in places:
        part[name] = text_keys(part[name], key) if part.get(name) else None


def text_keys(values, key):
    """Return the map {text: class} with its texts as YAML reads them: 2 is "2".

    Raises BadInput for a text that YAML reads as something else.
    """
    for text in values:
        if text == "":
            raise BadInput(
                f"expected no empty text among the keys of {key}, since an empty field is always "
                "unknown: leave it out."
            )
        if isinstance(text, bool) or not isinstance(text, (str, int)):
            raise BadInput(
                f"expected texts as the keys of {key}, found {text!r}, which is how YAML reads "
                "yes, no, on, off, 1.0, dates and null, put the text in quotes"
            )
    return {composed(str(text)): label for text, label in values.items()}


def _class_of(text, named, key):
    """Return the class of one text, -1 for unknown, None if it is not named."""
    number = number_of(text)
    whole = str(int(number)) if number is not None and number == number // 1 else text
    if text == "" or (named in CODES.values() and text.lower() in NOT_KNOWN):
        found = UNKNOWN_NAME
    elif text in named or whole in named:
        found = named[text if text in named else whole]
    else:
        patterns = [pattern for pattern in named if fullmatch(_pattern(pattern), text)]
        if len({named[pattern] for pattern in patterns}) > 1:
            raise BadInput(
                f"expected one class of {text!r} in {key}, found several, of the patterns "
                f"{', '.join(patterns)}, name the text itself"
            )
        found = named[patterns[0]] if patterns else None
    return UNKNOWN if found == UNKNOWN_NAME else found


def _pattern(text):
    """Return the regular expression of a pattern in which only * and ? are special."""
    escaped = re.escape(text).replace(r"\*", ".*")
    if text != "?":  # as people write it for unknown
        escaped = escaped.replace(r"\?", ".")
    return f"(?s){escaped}"


def _joined(classes, task):
    """Return one label of those in several columns."""
    if None in classes:
        return None
    known = [label for label in classes if label != UNKNOWN]
    # A co-deletion is one of both arms, so that an intact one decides; else a mutation does.
    best, decides = (min, TASKS[task][0]) if task == "1p19q" else (max, TASKS[task][-1])
    label = best(known, default=UNKNOWN)
    return UNKNOWN if UNKNOWN in classes and label != decides else label


def _sentence(faults, path, key):
    expected = "; ".join(f"{name} among {', '.join(named)}" for _, name, named, _ in faults)
    found = "; ".join(f"{name} {_listed(named, unnamed)}" for _, name, named, unnamed in faults)
    keys = ", ".join(dict.fromkeys(key.format(task) for task, *_ in faults))
    return (
        f"expected {expected} or empty in {path}, found {found}: name each in {keys}, as a class "
        f"or as {UNKNOWN_NAME}"
    )


def _listed(named, unnamed):
    """Return the texts without a class, the most frequent first, each with the closest known."""
    frequent = sorted(unnamed.items(), key=lambda item: (-item[1], item[0]))
    parts = []
    for text, count in frequent[:MOST_LISTED]:
        near = get_close_matches(text, named, 1, cutoff=0.4) if named not in CODES.values() else ()
        hint = f" (closest: {near[0]})" if near else ""
        parts.append(f"{quoted(text)} in {counted(count, 'row')}{hint}")
    if left := len(frequent) - len(parts):
        parts.append(counted(left, "other text"))
    return ", ".join(parts)
