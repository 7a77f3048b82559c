"""One row of figures for each case and step, and what becomes of a case that fails."""

import csv
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy import ndimage

from glioma_uq.errors import BadCase, BadInput
from glioma_uq.files import written_whole
from glioma_uq.images import ExcludedBefore, Image
from glioma_uq.overlap.masks import dice
from glioma_uq.quality.figures import OUTSIDE, limit_of, outside, why_outside
from glioma_uq.transforms import resample, resample_mask

EARLIER = "excluded at an earlier step"
# The libraries of the steps report a scan they cannot handle by these; anything else is a
# bug or the machine's fault (memory, disk, a missing package) and must stop the run.
CASE_ERRORS = (RuntimeError, ValueError, ArithmeticError)
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "bad_alloc")


class OutsideLimits(BadCase):
    """A figure of a case lies outside the config's limits; `numbers` says which, and the limits."""

    def __init__(self, figures, limits):
        names = outside(figures, limits)
        super().__init__("; ".join(why_outside(name, figures[name], limits) for name in names))
        low, high = limits[limit_of(names[0], limits)[0]]
        self.numbers = dict(zip(OUTSIDE, (names[0], low, high), strict=True))


@contextmanager
def one_case(case, step, *, quality, outputs, on_bad_case, limits=None):
    """Yield the dict that takes the step's figures, and write it as the row `quality`.

    `outputs`: the paths that the step writes. When the enclosed work says that the case
    is bad (BadCase), a library fails on it, or a figure lies outside its `limits` (name,
    or its ending after the series, to [low, high], None where there is none), all outputs
    become empty files and the row says why, so that the others go on; `on_bad_case` "stop"
    raises BadCase instead. The figures measured so far stay in the row. BadInput,
    MemoryError, errors of the operating system and bugs always pass through.
    """
    figures, reason, numbers = {}, "", {}
    try:
        yield figures
        check_figures(figures, limits or {})
    except ExcludedBefore:
        reason = EARLIER
    except (BadCase, *CASE_ERRORS) as error:
        if isinstance(error, BadInput) or _ran_out_of_memory(error):
            raise
        reason, numbers = _reason(step, error), getattr(error, "numbers", {})
        if on_bad_case == "stop":
            raise BadCase(f"{case}: {reason}") from error
        traceback.print_exc()
    if reason:
        leave_empty(outputs)
    write_row(quality, {"case": case, "step": step, "reason": reason, **numbers, **figures})


def check_figures(figures, limits):
    """Raise OutsideLimits when any of the `figures` lies outside its limits."""
    if outside(figures, limits):
        raise OutsideLimits(figures, limits)


def leave_empty(paths):
    """Make every path an empty file: the mark of an excluded case."""
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


def foreground(data):
    """Return the head in a scan as booleans: the largest bright piece, filled slice by slice.

    Bright is above half the mean. Air that is open to the outside in three dimensions
    (nose, throat) is closed in most slices, so each axis is filled in turn.
    """
    mask = ndimage.gaussian_filter(np.asarray(data, np.float32), 1) > data.mean() / 2
    pieces, _ = ndimage.label(mask)
    mask = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    for axis in range(3):
        for cut in np.moveaxis(mask, axis, 0):
            cut[:] = ndimage.binary_fill_holes(cut)
    return mask


def intensity_range(data):
    """Return the 1st and 99th percentile of a scan's values, in the scanner's own units."""
    return [float(value) for value in np.percentile(data, [1, 99])]


def overlap_with_template(fixed, moving, matrix):
    """Return the Dice of two masks (Images) after `matrix` carries `moving` to `fixed`.

    Counted where the moving image was scanned, since its field of view may end above
    the template's neck.
    """
    carried = resample_mask(moving, fixed.grid, matrix)
    everywhere = Image(np.ones(moving.grid.shape, np.float32), moving.grid)
    scanned = resample(everywhere, fixed.grid, matrix, order=0) > 0
    return dice(carried[scanned], fixed.data[scanned])


def mutual_information(first, second, bins=32):
    """Return the mutual information of two arrays in nats, from a joint histogram.

    I = sum p(a, b) ln(p(a, b) / (p(a) p(b))); 0 for independent values. Bins are of
    equal width between the 1st and 99th percentile, so that one bright voxel does not
    squeeze all others into one bin.
    """
    joint, _, _ = np.histogram2d(_clipped(first), _clipped(second), bins)
    joint /= joint.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / apart[seen])).sum())


def _clipped(values):
    values = np.ravel(values)
    return np.clip(values, *np.percentile(values, [1, 99]))


def _reason(step, error):
    """Return one line that says why the case cannot take part."""
    text = " ".join(str(error).split())
    return text if isinstance(error, BadCase) else f"{step}: {type(error).__name__}: {text}"


def _ran_out_of_memory(error):
    return any(sign in str(error).lower() for sign in OUT_OF_MEMORY)
