"""Simulate the scans of one phantom subject: four native series, segmentation and ground truth."""

from glioma_uq.steps import run

import json

import nibabel as nib

from glioma_uq.errors import BadInput
from glioma_uq.files import written_whole
from glioma_uq.images import write_image
from glioma_uq.phantom.acquisition import (
    MODALITIES,
    acquire,
    draw_series,
    draw_subject,
    scanner_to_template,
    segment,
)
from glioma_uq.phantom.anatomy import Anatomy
from glioma_uq.phantom.labels import AXES
from glioma_uq.quality.rows import read_rows


def main(
    *, case, seed, in_plane_mm, slice_mm, bias_sd, cohort_truth, tissues, distances, images, truth
):
    """Write the series in `images` (modality or "segmentation" -> path) and truth.json."""
    z, diameter_mm, scale = read_lesion(cohort_truth, case)
    anatomy = Anatomy(nib.load(tissues), nib.load(distances))
    subject = draw_subject(seed, anatomy, z, diameter_mm, scale)
    series = {name: draw_series(seed, name, in_plane_mm, slice_mm, bias_sd) for name in MODALITIES}
    for modality, one in series.items():
        write_image(images[modality], acquire(subject, anatomy, one), one.grid)
    t1ce = series["t1ce"]
    write_image(images["segmentation"], segment(subject, anatomy, t1ce), t1ce.grid)
    facts = {
        "case": case,
        "seed": seed,
        "z": dict(zip(AXES, z, strict=True)),
        "diameter_mm": diameter_mm,  # before the lesion's scale
        "lesion_centre_mm": subject.lesion.centre.tolist(),
        "in_plane_mm": float(in_plane_mm),
        "slice_mm": [float(mm) for mm in slice_mm],
        "bias_sd": float(bias_sd),
        **({"scale": scale} if scale != 1 else {}),
        "series": {name: describe_series(one, subject) for name, one in series.items()},
    }
    with written_whole(truth) as temporary:
        temporary.write_text(json.dumps(facts, indent=1) + "\n")


def describe_series(series, subject):
    """Return the pose, size, noise and gain of a series, for truth.json."""
    return {
        "scanner_to_template": scanner_to_template(subject, series).tolist(),
        "voxel_mm": series.voxel_mm.tolist(),
        "shape": list(series.shape),
        "snr": 1 / series.noise,
        "gain": series.gain,
    }


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
