"""How far preprocessing lies from the truth of a phantom, for each engine and stripping method.

Run as `python benchmarks/preprocessing_truth.py --cases 12` from the root of the repository; add
`--engine ants simpleitk elastix --stripping template hd-bet-v1 deepbet` for one row each (every
engine with the first method, the first engine with every method), and `--demo` for the coarse
scans and quick settings of config.yaml instead of the usual scans (2 mm in plane, slices of 3 to
5 mm, bias field of sd .18) and the schema's defaults. The cohort is made in --folder and kept
there; each row runs the pipeline's own steps in a process of its own, with one thread.
"""

import argparse
import json
import os
import resource
from pathlib import Path

import numpy as np
import preprocessing_steps as steps
import yaml
from preprocessing_real import in_a_new_process
from preprocessing_steps import MODALITIES, ROOT

USUAL = {
    "in_plane_mm": 2.0,
    "slice_mm": [3.0, 5.0],
    "bias_sd": 0.18,
    "separation_subtype": 1.0,
    "separation_grade": 1.2,
    "diameter_mm": 38.0,
    "small_share": 0.15,
    "missing": {"idh": 0.05, "1p19q": 0.15, "grade": 0.05},
    "label_flips": 0.0,
}
USUAL_GRID = {"voxel_size_mm": 2.0, "margin_mm": 4.0}
SCAN_OPTIONS = ("in_plane_mm", "slice_mm", "bias_sd")
SAMPLES = 3  # points along each edge of a voxel at which the true segmentation is drawn
TEMPLATE_FILES = {
    "brain": "brain.nii.gz",
    "brain_mask": "brain_mask.nii.gz",
    "tissues": "tissues.nii",
    "distances": "distances.nii",
    "head": "head.nii.gz",
}
COLUMNS = {
    "landmarks mm": "{:.2f}",
    "p95 mm": "{:.2f}",
    "rigid mm": "{:.2f}",
    "brain Dice": "{:.3f}",
    "smallest": "{:.3f}",
    "tumour Dice": "{:.3f}",
    "CPU s": "{:.1f}",
    "peak MB": "{:.0f}",
}


def demo_settings():
    """Return (phantom options, grid, steps' settings) of config.yaml."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    phantom, preprocessing = config["cohort"]["phantom"], config["preprocessing"]
    grid = {name: preprocessing[name] for name in USUAL_GRID}
    settings = {name: preprocessing[name] for name in ("bias_field", "registration")}
    return {name: phantom[name] for name in USUAL}, grid, settings


def make_cohort(folder, cases, phantom, seed=2026):
    """Make template, labels and the first `cases` of twelve (or more) phantom cases."""
    from glioma_uq.seeds import seed_for
    from make_phantom_case import main as make_case
    from make_phantom_labels import main as make_labels
    from make_template import main as make_template

    template = {name: folder / "template" / file for name, file in TEMPLATE_FILES.items()}
    if not template["head"].is_file():
        make_template(**template)
    labels = {name: phantom[name] for name in USUAL if name not in SCAN_OPTIONS}
    tables = {name: folder / f"{name}.csv" for name in ("labels", "truth")}
    make_labels(cases=max(12, len(cases)), seed=seed, options=labels, **tables)
    for case in cases:
        raw = folder / "raw" / case
        if not (raw / "truth.json").is_file():
            make_case(
                case=case,
                seed=seed_for(seed, "phantom", case),
                cohort_truth=tables["truth"],
                tissues=template["tissues"],
                distances=template["distances"],
                images={name: raw / f"{name}.nii.gz" for name in (*MODALITIES, "segmentation")},
                truth=raw / "truth.json",
                **{name: phantom[name] for name in SCAN_OPTIONS},
            )


def correct(folder, cases, options):
    """Correct all cases; return CPU s of a case."""
    seconds = {}
    for case in cases:
        steps.correct(case, folder / "raw" / case, folder / "corrected" / case, options, seconds)
    return sum(seconds.values()) / len(cases)


def walk(folder, cases, engine, method, settings, grid):
    """Preprocess corrected cases into a folder of the row; return (CPU s of a case, peak MB)."""
    seconds, template = {}, folder / "template"
    options = settings["registration"] | {"engine": engine}
    for case in cases:
        raw, corrected = folder / "raw" / case, folder / "corrected" / case
        found = row_folder(folder, engine, method) / case
        mask = found / "brain_mask.nii.gz"
        steps.coregister(case, corrected, found, options, seconds)
        if method == "template":
            steps.register_to_template(case, corrected, found, template, options, seconds)
            steps.strip_skull(case, corrected, found, template, method, seconds)
        else:
            steps.strip_skull(case, corrected, found, template, method, seconds)
            steps.register_to_template(case, corrected, found, template, options, seconds, mask)
        segmentation = raw / "segmentation.nii.gz"
        steps.normalise(case, corrected, found, mask, segmentation, template, grid, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return sum(seconds.values()) / len(cases), peak


def row_folder(folder, engine, method):
    return folder / "rows" / f"{engine}_{method}"


def shading(folder, case, truth, anatomy):
    """Return, for each series, [4, 5]: residual and white matter's sd / mean.

    Columns: sd of log(field / true field) in the brain before and after N4; the variation of
    white matter before, after, and with the true field divided out.
    """
    from glioma_uq.images import read_image
    from glioma_uq.phantom import truth as truths

    rows = []
    for modality in MODALITIES:
        raw = read_image(folder / "raw" / case / f"{modality}.nii.gz").data
        corrected = read_image(folder / "corrected" / case / f"{modality}.nii.gz").data
        field = truths.true_bias_field(truth, modality)
        brain = truths.true_brain_mask(truth, anatomy, modality) & (raw > 0)
        white = truths.true_white_matter(truth, anatomy, modality)
        residuals = [
            truths.bias_residual(estimate, truth, modality, brain)
            for estimate in (np.ones_like(field), raw / np.maximum(corrected, 1e-6))
        ]
        images = (raw, corrected, raw / field)
        rows.append(residuals + [truths.white_matter_variation(i, white) for i in images])
    return rows


def true_tumour(truth, anatomy, grid):
    """Return the true tumour on a template grid as booleans: half of the voxel's samples or more.

    Drawn in the subject's affine frame, as if the affine registration were without error.
    """
    from glioma_uq.images import Grid
    from glioma_uq.phantom import truth as truths
    from glioma_uq.phantom.acquisition import grid_points, render_segmentation

    fine = np.diag([1 / SAMPLES] * 3 + [1.0])
    fine[:3, 3] = (1 / SAMPLES - 1) / 2
    shape = tuple(SAMPLES * n for n in grid.shape)
    points = grid_points(Grid(shape, grid.affine @ fine))
    labels = render_segmentation(truths.subject_of(truth, anatomy), anatomy, points)
    blocks = (labels > 0).reshape([n for size in grid.shape for n in (size, SAMPLES)])
    return blocks.mean((1, 3, 5)) >= 0.5


def compare(found, truth, brain, tumour):
    """Return {column: values} of one case and row, `brain` and `tumour` being the true masks."""
    from glioma_uq.images import read_mask
    from glioma_uq.overlap import dice
    from glioma_uq.phantom import truth as truths
    from glioma_uq.transforms import read_matrix

    t1ce = read_matrix(found / "t1ce_to_template.txt")
    series = {name: read_matrix(path) for name, path in steps.to_t1ce(found).items()}
    chain = [
        truths.landmark_error(t1ce, series.get(name, np.eye(4)), truth, name) for name in MODALITIES
    ]
    return {
        "landmarks": np.concatenate(chain),
        "rigid": np.concatenate(
            [truths.alignment_error(matrix, truth, name) for name, matrix in series.items()]
        ),
        "brain": [dice(read_mask(found / "brain_mask.nii.gz").data, brain)],
        "tumour": [dice(read_mask(found / "normalised" / "segmentation.nii.gz").data, tumour)],
    }


def measure(folder, cases, rows):
    """Return (shading [cases, 4, 5], {row: {what: values of all cases}})."""
    import nibabel as nib

    from glioma_uq.images import read_mask
    from glioma_uq.phantom import truth as truths
    from glioma_uq.phantom.anatomy import Anatomy

    maps = (nib.load(folder / "template" / f"{name}.nii") for name in ("tissues", "distances"))
    anatomy, shadings, found = Anatomy(*maps), [], {row: {} for row in rows}
    for case in cases:
        truth = json.loads((folder / "raw" / case / "truth.json").read_text())
        shadings.append(shading(folder, case, truth, anatomy))
        brain, tumour = truths.true_brain_mask(truth, anatomy), None
        for row in rows:
            here = row_folder(folder, *row) / case
            if tumour is None:
                grid = read_mask(here / "normalised" / "segmentation.nii.gz").grid
                tumour = true_tumour(truth, anatomy, grid)
            for what, values in compare(here, truth, brain, tumour).items():
                found[row].setdefault(what, []).extend(values)
    return np.array(shadings), found


def print_shading(figures, seconds):
    """Print the table of N4: one line for each series and one for their mean."""
    print("| series | residual before | after | white matter before | after | true field |")
    print("| --- | --- | --- | --- | --- | --- |")
    by_series = figures.mean(0)
    for name, values in zip((*MODALITIES, "mean"), [*by_series, by_series.mean(0)], strict=True):
        print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in values) + " |")
    print(f"\nN4: {seconds:.1f} CPU s a case\n")


def print_rows(found, costs, seconds):
    """Print the table of registration and skull stripping."""
    print("| engine | stripping | " + " | ".join(COLUMNS) + " |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for (engine, method), values in found.items():
        cpu, peak = costs[engine, method]
        landmarks, brain = np.array(values["landmarks"]), np.array(values["brain"])
        figures = (
            landmarks.mean(),
            np.percentile(landmarks, 95),
            np.mean(values["rigid"]),
            brain.mean(),
            brain.min(),
            np.mean(values["tumour"]),
            cpu + seconds,
            peak,
        )
        texts = [form.format(v) for form, v in zip(COLUMNS.values(), figures, strict=True)]
        print(f"| {engine} | {method} | " + " | ".join(texts) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--engine", nargs="+", default=["ants"])
    parser.add_argument("--stripping", nargs="+", default=["template"])
    parser.add_argument("--demo", action="store_true", help="scans and settings of config.yaml")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "benchmarks" / "truth")
    chosen = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    usual = USUAL, USUAL_GRID, steps.default_settings()
    phantom, grid, settings = demo_settings() if chosen.demo else usual
    folder = chosen.folder / ("demo" if chosen.demo else "usual")
    cases = [f"phantom-{number + 1:03d}" for number in range(chosen.cases)]
    in_a_new_process(make_cohort, folder, cases, phantom)
    seconds = in_a_new_process(correct, folder, cases, settings["bias_field"])
    rows = [(engine, chosen.stripping[0]) for engine in chosen.engine]
    rows += [(chosen.engine[0], method) for method in chosen.stripping[1:]]
    costs = {row: in_a_new_process(walk, folder, cases, *row, settings, grid) for row in rows}
    figures, found = measure(folder, cases, rows)
    print(f"{len(cases)} phantom cases, {'config.yaml' if chosen.demo else 'usual scans'}\n")
    print_shading(figures, seconds)
    print_rows(found, costs, seconds)


if __name__ == "__main__":
    main()
