"""One row of metrics for each case and step, and the exclusion of bad cases."""

import csv
import traceback
from contextlib import contextmanager

from glioma_uq.csv_cells import marked, unmarked
from glioma_uq.errors import BadCase, in_one_line
from glioma_uq.files import written_whole
from glioma_uq.images import ExcludedBefore
from glioma_uq.quality.metrics import OUTSIDE, limit_of, outside, why_outside

EARLIER = "excluded at an earlier step"


@contextmanager
def case_quality_record(case, step, quality, outputs, on_bad_case, limits=None):
    """Yield the dict for the step's metrics, and write it as the row `quality`.

    `outputs`: the paths that the step writes. If the enclosed code raises BadCase, or a
    metric is outside its `limits` (name, or its ending after the series, to [low, high],
    None for no limit), all outputs become empty files and the row gives the reason, so that
    other cases continue; `on_bad_case` "stop" raises BadCase instead. The metrics measured
    so far stay in the row. Other exceptions (a wrong config, a fault of the machine, a bug)
    pass through and stop the run.
    """
    metrics, reason, numbers = {}, "", {}
    try:
        yield metrics
        if names := outside(metrics, limits or {}):
            low, high = limits[limit_of(names[0], limits)[0]]
            numbers = dict(zip(OUTSIDE, (names[0], low, high), strict=True))
            raise BadCase("; ".join(why_outside(name, metrics[name], limits) for name in names))
    except ExcludedBefore:
        reason = EARLIER
    except BadCase as error:
        reason = in_one_line(error)
        if on_bad_case == "stop":
            raise BadCase(f"{case}: {reason}") from error
        traceback.print_exc()
    if reason:
        mark_excluded(outputs)
    write_row(quality, {"case": case, "step": step, "reason": reason, **numbers, **metrics})


def mark_excluded(paths):
    """Make every path an empty file, which marks an excluded case or a missing optional image."""
    for path in paths:
        with written_whole(path) as temporary:
            temporary.touch()


def write_row(path, row):
    """Write one dict as a table of one row."""
    write_table(path, list(row), [row])


def write_table(path, columns, rows):
    """Write dicts as CSV; missing values stay empty, and no text can run as a formula."""
    with written_whole(path) as temporary, _open_text(temporary, "w") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows({name: marked(cell) for name, cell in row.items()} for row in rows)


def read_rows(path):
    """Return the rows of a CSV file of ours as dicts of text."""
    with _open_text(path) as file:
        rows = list(csv.DictReader(file))
    return [{name: unmarked(cell) for name, cell in row.items()} for row in rows]


def _open_text(path, mode="r"):
    """Open a table as UTF-8 in any locale; file names in it may hold undecodable bytes."""
    return open(path, mode, newline="", encoding="utf-8", errors="backslashreplace")
