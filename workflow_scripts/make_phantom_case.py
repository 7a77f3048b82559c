"""Simulate the scans of one phantom subject: four native series, segmentation and ground truth."""

import json

import nibabel as nib

from glioma_uq.errors import BadInput
from glioma_uq.files import written_whole
from glioma_uq.images import write_image
from glioma_uq.phantom.acquisition import MODALITIES, acquire, draw_subject, segment
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.phantom.labels import AXES
from glioma_uq.phantom.truth import describe_case, series_of
from glioma_uq.quality.rows import read_rows
from glioma_uq.steps import run


def main(
    *, case, seed, in_plane_mm, slice_mm, bias_sd, cohort_truth, tissues, distances, images, truth
):
    """Write the series in `images` (modality or "segmentation" -> path) and truth.json."""
    z, diameter_mm, scale = read_lesion(cohort_truth, case)
    anatomy = Anatomy(nib.load(tissues), nib.load(distances))
    subject = draw_subject(seed, anatomy, z, diameter_mm, scale)
    facts = describe_case(case, seed, z, diameter_mm, in_plane_mm, slice_mm, bias_sd, subject)
    for modality in MODALITIES:
        series = series_of(facts, modality)
        write_image(images[modality], acquire(subject, anatomy, series), series.grid)
    t1ce = series_of(facts, "t1ce")
    write_image(images["segmentation"], segment(subject, anatomy, t1ce), t1ce.grid)
    with written_whole(truth) as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n")


def read_lesion(cohort_truth, case):
    """Return the lesion of a case from the cohort's truth.csv.

    z [7] in the order of AXES, the diameter in mm, and its scale in a lesion group (or 1).
    """
    rows = {row["case"]: row for row in read_rows(cohort_truth)}
    if case not in rows:
        raise BadInput(f"expected a row for {case} in {cohort_truth}, found none: check its name.")
    row = rows[case]
    z = [float(row[f"z_{axis}"]) for axis in AXES]
    return z, float(row["diameter_mm"]), float(row.get("scale", 1))


if __name__ == "__main__":
    run(main, snakemake)
