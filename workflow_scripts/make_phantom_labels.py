"""Draw the labels of a phantom cohort, and keep what is true of each case beside them."""

import csv

from glioma_uq.files import written_whole
from glioma_uq.phantom.families import family_of, in_every_size, with_scales
from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.steps import run


def main(*, cases, seed, options, labels, truth, size_stress=None):
    """Write labels.csv, what a study sees, and truth.csv; `options` are those of draw_cohort.

    With `size_stress`, scales, `cases` are families and each has a row for every size.
    """
    rows, true_rows = draw_cohort(cases, seed, **options)
    if size_stress is not None:
        rows, true_rows = in_every_size(rows, size_stress), with_scales(true_rows, size_stress)
    write_rows([with_patient(row) for row in rows], labels)
    write_rows(true_rows, truth)
    print(f"{len(rows)} cases")


def with_patient(row):
    """Return a row of labels with `patient`: all sizes of one lesion are one patient's."""
    case = row["case"]
    return {"case": case, "patient": family_of(case), **row}


def write_rows(rows, path):
    """Write dicts of the same keys as CSV; pandas would cost this job more than the work."""
    with written_whole(path) as temporary, open(temporary, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    run(main, snakemake)
