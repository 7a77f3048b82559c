"""Sample the labels of a phantom cohort and their ground truth."""

from glioma_uq.steps import run

from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.phantom.lesion_groups import lesion_of, name_of
from glioma_uq.plurals import counted
from glioma_uq.quality.rows import write_table


def main(*, cases, seed, options, labels, truth, size_sensitivity=None):
    """Write labels.csv for studies, and truth.csv; `options` are those of draw_cohort.

    With `size_sensitivity` (scales) there are `cases` lesion groups, with a row for every size.
    """
    rows, true_rows = draw_cohort(cases, seed, **options)
    if size_sensitivity is not None:
        rows = [row | {"case": name_of(row["case"], s)} for row in rows for s in size_sensitivity]
        true_rows = [in_size(row, scale) for row in true_rows for scale in size_sensitivity]
    # All sizes of one lesion belong to one patient.
    rows = [
        {"case": row["case"], "patient": lesion_of(row["case"]), "session": "", **row}
        for row in rows
    ]
    write_table(labels, list(rows[0]), rows)
    write_table(truth, list(true_rows[0]), true_rows)
    print(counted(len(rows), "case"))


def in_size(row, scale):
    """Return the truth of a lesion in one size, with the columns `lesion_group` and `scale`.

    diameter_mm stays that at scale 1, from which every size is drawn.
    """
    lesion = row["case"]
    return row | {"case": name_of(lesion, scale), "lesion_group": lesion, "scale": float(scale)}


if __name__ == "__main__":
    run(main, snakemake)
