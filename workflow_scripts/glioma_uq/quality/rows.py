"""One row of metrics for each case and step, and what becomes of a bad case."""

import csv
import traceback
from contextlib import contextmanager
from pathlib import Path

from glioma_uq.errors import BadCase, in_one_line
from glioma_uq.files import written_whole
from glioma_uq.images import ExcludedBefore
from glioma_uq.quality.metrics import OUTSIDE, limit_of, outside, why_outside

EARLIER = "excluded at an earlier step"


class OutsideLimits(BadCase):
    """A metric of a case lies outside the config's limits; `numbers` says which, and the limits."""

    def __init__(self, metrics, limits):
        names = outside(metrics, limits)
        super().__init__("; ".join(why_outside(name, metrics[name], limits) for name in names))
        low, high = limits[limit_of(names[0], limits)[0]]
        self.numbers = dict(zip(OUTSIDE, (names[0], low, high), strict=True))


@contextmanager
def case_quality_record(case, step, *, quality, outputs, on_bad_case, limits=None):
    """Yield the dict that takes the step's metrics, and write it as the row `quality`.

    `outputs`: the paths that the step writes. When the enclosed work raises BadCase, or a
    metric lies outside its `limits` (name, or its ending after the series, to [low, high],
    None where there is none), all outputs become empty files and the row says why, so that
    the other cases go on; `on_bad_case` "stop" raises BadCase instead. The metrics measured
    so far stay in the row. Every other exception passes through: a wrong config, the
    machine's fault or a bug, which must stop the run.
    """
    metrics, reason, numbers = {}, "", {}
    try:
        yield metrics
        check_limits(metrics, limits or {})
    except ExcludedBefore:
        reason = EARLIER
    except BadCase as error:
        reason, numbers = in_one_line(error), getattr(error, "numbers", {})
        if on_bad_case == "stop":
            raise BadCase(f"{case}: {reason}") from error
        traceback.print_exc()
    if reason:
        mark_excluded(outputs)
    write_row(quality, {"case": case, "step": step, "reason": reason, **numbers, **metrics})


def check_limits(metrics, limits):
    """Raise OutsideLimits when any of the `metrics` lies outside its limits."""
    if outside(metrics, limits):
        raise OutsideLimits(metrics, limits)


def mark_excluded(paths):
    """Make every path an empty file: the mark of an excluded case, or of a part it came without."""
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def write_row(path, row):
    """Write one dict as a table of one row."""
    write_table(path, list(row), [row])


def write_table(path, columns, rows):
    """Write dicts as CSV; what a row does not have stays empty."""
    with written_whole(path) as temporary, _open_text(temporary, "w") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def read_rows(path):
    """Return the rows of a CSV file as dicts of text."""
    with _open_text(path) as file:
        return list(csv.DictReader(file))


def _open_text(path, mode="r"):
    """Open a table, whatever the machine's language; a file's name may hold bytes of no text."""
    return open(path, mode, newline="", encoding="utf-8", errors="backslashreplace")
