"""Sample the labels of a phantom cohort and their ground truth."""

from glioma_uq.phantom.labels import draw_cohort
from glioma_uq.phantom.lesion_groups import in_every_size, lesion_of, with_scales
from glioma_uq.quality.rows import write_table
from glioma_uq.steps import run


def main(*, cases, seed, options, labels, truth, size_sensitivity=None):
    """Write labels.csv for studies, and truth.csv; `options` are those of draw_cohort.

    With `size_sensitivity` (scales) there are `cases` lesion groups, with a row for every size.
    """
    rows, true_rows = draw_cohort(cases, seed, **options)
    if size_sensitivity is not None:
        rows = in_every_size(rows, size_sensitivity)
        true_rows = with_scales(true_rows, size_sensitivity)
    # All sizes of one lesion belong to one patient.
    rows = [{"case": row["case"], "patient": lesion_of(row["case"]), **row} for row in rows]
    write_table(labels, list(rows[0]), rows)
    write_table(truth, list(true_rows[0]), true_rows)
    print(f"{len(rows)} cases")


if __name__ == "__main__":
    run(main, snakemake)
