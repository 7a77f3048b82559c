"""Sample the labels of a phantom cohort and their ground truth."""

import csv

from glioma_uq.files import written_whole
from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.phantom.lesion_groups import lesion_of, name_of
from glioma_uq.steps import run


def main(*, cases, seed, options, labels, truth, size_sensitivity=None):
    """Write labels.csv for studies, and truth.csv; `options` are those of draw_cohort.

    With `size_sensitivity` (scales) there are `cases` lesion groups, with a row for every size.
    """
    rows, true_rows = draw_cohort(cases, seed, **options)
    if size_sensitivity is not None:
        rows = [row | {"case": name_of(row["case"], s)} for row in rows for s in size_sensitivity]
        true_rows = [in_size(row, scale) for row in true_rows for scale in size_sensitivity]
    # All sizes of one lesion belong to one patient.
    rows = [{"case": row["case"], "patient": lesion_of(row["case"]), **row} for row in rows]
    write_rows(rows, labels)
    write_rows(true_rows, truth)
    print(f"{len(rows)} cases")


def in_size(row, scale):
    """Return the truth of a lesion in one size, with the columns `family`, its name, and `scale`.

    diameter_mm stays that at scale 1, from which every size is drawn.
    """
    lesion = row["case"]
    return row | {"case": name_of(lesion, scale), "family": lesion, "scale": float(scale)}


def write_rows(rows, path):
    """Write dicts of the same keys as CSV; importing pandas would take longer than the work."""
    with written_whole(path) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    run(main, snakemake)
