"""Sample the labels of a phantom cohort and their ground truth."""

import csv

from glioma_uq.files import written_whole
from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.phantom.lesion_groups import in_every_size, lesion_of, with_scales
from glioma_uq.steps import run


def main(*, cases, seed, options, labels, truth, size_sensitivity=None):
    """Write labels.csv for studies, and truth.csv; `options` are those of draw_cohort.

    With `size_sensitivity` (scales) there are `cases` lesion groups, with a row for every size.
    """
    rows, true_rows = draw_cohort(cases, seed, **options)
    if size_sensitivity is not None:
        rows = in_every_size(rows, size_sensitivity)
        true_rows = with_scales(true_rows, size_sensitivity)
    write_rows([with_patient(row) for row in rows], labels)
    write_rows(true_rows, truth)
    print(f"{len(rows)} cases")


def with_patient(row):
    """Return a row of labels with `patient`: all sizes of one lesion belong to one patient."""
    case = row["case"]
    return {"case": case, "patient": lesion_of(case), **row}


def write_rows(rows, path):
    """Write dicts of the same keys as CSV; importing pandas would take longer than the work."""
    with written_whole(path) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    run(main, snakemake)
