"""How far the preprocessing of a finished phantom cohort lies from the truth.

Run as `python benchmarks/preprocessing_truth.py [results/cohorts/phantom] [--cases 12]` from the
root of the repository, after `snakemake results/cohorts/phantom/quality.csv`. It only reads files
and draws the truth again from the seeds; one line for each figure.
"""

import argparse
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow_scripts"))

from glioma_uq.errors import BadInput  # noqa: E402
from glioma_uq.images import Grid, read_image, read_mask  # noqa: E402
from glioma_uq.overlap import dice  # noqa: E402
from glioma_uq.phantom import truth as truths  # noqa: E402
from glioma_uq.phantom.acquisition import MODALITIES, grid_points, render_segmentation  # noqa: E402
from glioma_uq.phantom.anatomy import Anatomy  # noqa: E402
from glioma_uq.quality import read_rows  # noqa: E402
from glioma_uq.transforms import read_matrix  # noqa: E402

SAMPLES = 3  # points along each edge of a voxel at which the true segmentation is drawn


def registration(cohort, case, truth):
    """Return {figure: landmarks' distances in mm [N]} of the rigid step and of the whole chain."""
    folder = cohort / "registered" / case
    t1ce_to_template = read_matrix(folder / "t1ce_to_template.txt")
    to_t1ce = {m: read_matrix(folder / f"{m}_to_t1ce.txt") for m in MODALITIES if m != "t1ce"}
    rigid = {f"rigid {m}": truths.alignment_error(to_t1ce[m], truth, m) for m in to_t1ce}
    chain = [
        truths.landmark_error(t1ce_to_template, to_t1ce.get(m, np.eye(4)), truth, m)
        for m in MODALITIES
    ]
    return rigid | {"chain": np.concatenate(chain)}


def white_matter(cohort, case, truth, anatomy):
    """Return {figure: sd / mean of white matter, one for each series [4]}."""
    variations = {"white before": [], "white after": [], "white true": []}
    for modality in MODALITIES:
        raw, corrected = (
            read_image(cohort / step / case / f"{modality}.nii.gz").data
            for step in ("raw", "bias_corrected")
        )
        even = raw / truths.true_bias_field(truth, modality)
        white = truths.true_white_matter(truth, anatomy, modality)
        for name, image in zip(variations, (raw, corrected, even), strict=True):
            variations[name].append(truths.white_matter_variation(image, white))
    return variations


def true_tumour(truth, anatomy, grid):
    """Return the true tumour on a template grid as booleans: half of the voxel's samples or more.

    Drawn in the subject's affine frame, as if the affine registration were without error.
    """
    fine = np.diag([1 / SAMPLES] * 3 + [1.0])
    fine[:3, 3] = (1 / SAMPLES - 1) / 2
    shape = tuple(SAMPLES * n for n in grid.shape)
    points = grid_points(Grid(shape, grid.affine @ fine))
    labels = render_segmentation(truths.subject_of(truth, anatomy), anatomy, points)
    blocks = (labels > 0).reshape([n for size in grid.shape for n in (size, SAMPLES)])
    return blocks.mean((1, 3, 5)) >= 0.5


def masks(cohort, case, truth, anatomy):
    """Return {figure: [Dice]} of the native brain mask and of the tumour on the study's grid."""
    brain = read_mask(cohort / "skull_stripped" / case / "brain_mask.nii.gz").data
    tumour = read_mask(cohort / "normalised" / case / "segmentation.nii.gz")
    return {
        "brain": [dice(brain, truths.true_brain_mask(truth, anatomy))],
        "tumour": [dice(tumour.data, true_tumour(truth, anatomy, tumour.grid))],
    }


def measure(cohort, cases):
    """Return {figure: values of all cases, an array}."""
    template = cohort / "template"
    anatomy = Anatomy(nib.load(template / "tissues.nii"), nib.load(template / "distances.nii"))
    found = {}
    for case in cases:
        truth = json.loads((cohort / "raw" / case / "truth.json").read_text())
        figures = (
            registration(cohort, case, truth)
            | white_matter(cohort, case, truth, anatomy)
            | masks(cohort, case, truth, anatomy)
        )
        for name, values in figures.items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def table(found):
    """Yield (what is measured, its value as text)."""
    for modality in (m for m in MODALITIES if m != "t1ce"):
        error = found[f"rigid {modality}"]
        what = f"rigid registration, {modality} to t1ce, mean and largest error"
        yield what, f"{error.mean():.2f}, {error.max():.2f} mm"
    error = found["chain"]
    yield (
        "whole chain, error at landmarks, mean and 95th percentile",
        f"{error.mean():.2f}, {np.percentile(error, 95):.2f} mm",
    )
    before, after, true = (found[f"white {name}"].mean() for name in ("before", "after", "true"))
    yield "variation of white matter (sd / mean), before and after N4", f"{before:.3f}, {after:.3f}"
    yield "the same, the true field divided out", f"{true:.3f}"
    for name, what in (("brain", "native brain mask"), ("tumour", "tumour on the study's grid")):
        values = found[name]
        yield f"Dice of {what}, mean and smallest", f"{values.mean():.3f}, {values.min():.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort", nargs="?", type=Path, default=Path("results/cohorts/phantom"))
    parser.add_argument("--cases", type=int, default=12, help="the first so many cases")
    chosen = parser.parse_args()
    if not (chosen.cohort / "truth.csv").is_file():
        raise BadInput(
            f"expected a finished phantom cohort, found no {chosen.cohort / 'truth.csv'}, "
            "run `snakemake results/cohorts/phantom/quality.csv`"
        )
    cases = [row["case"] for row in read_rows(chosen.cohort / "cases.csv")][: chosen.cases]
    print(f"{len(cases)} cases of {chosen.cohort}, {len(cases) * len(MODALITIES)} series")
    for what, value in table(measure(chosen.cohort, cases)):
        print(f"{what:<62} {value}")


if __name__ == "__main__":
    main()
