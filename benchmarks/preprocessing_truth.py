"""Errors of preprocessing on phantoms, for each registration engine and stripping method.

    python benchmarks/preprocessing_truth.py [--cases 12] [--demo] [--quick]

Add `--engine ants simpleitk elastix --stripping template hd-bet-v1 deepbet` for one row each (every
engine with the first method, the first engine with every method), and `--demo` for the coarse
scans and quick settings of cohorts/phantom.yaml instead of the usual scans (2 mm in plane, slices
of 3 to 5 mm, bias field of sd .18) and the schema's defaults. The cohort is made and kept in
--folder; each row runs the pipeline's own steps in a new process with one thread. With --quick,
one case of --demo is made in a temporary folder.

Last line: `| ants | template | 2.35 | 4.73 | 0.07 | 0.040 | 0.0540 | 0.961 | 0.949 | 0.835 | 30.0 |
312 |`
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import preprocessing_steps as steps
import yaml
from harness import ROOT, in_a_new_process, parser_of, peak_mb, run
from preprocessing_measures import compare
from preprocessing_steps import MODALITIES

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
COHORT, SEED = 56, 2026  # as in cohorts/phantom.yaml: the same labels for any --cases
SCAN_OPTIONS = ("in_plane_mm", "slice_mm", "bias_sd")
TEMPLATE_FILES = {
    "brain": "brain.nii.gz",
    "brain_mask": "brain_mask.nii.gz",
    "white_matter": "white_matter.nii.gz",
    "tissues": "tissues.nii",
    "distances": "distances.nii",
    "head": "head.nii.gz",
}
COLUMNS = {
    "landmarks mm": "{:.2f}",
    "p95 mm": "{:.2f}",
    "rigid mm": "{:.2f}",
    "residual": "{:.3f}",
    "white matter": "{:.4f}",
    "brain Dice": "{:.3f}",
    "smallest": "{:.3f}",
    "tumour Dice": "{:.3f}",
    "CPU s": "{:.1f}",
    "peak MB": "{:.0f}",
}


def demo_phantom():
    """Return the phantom's options in cohorts/phantom.yaml."""
    phantom = yaml.safe_load((ROOT / "cohorts" / "phantom.yaml").read_text())["cohort"]["phantom"]
    return {name: phantom[name] for name in USUAL}


def make_cohort(folder, cases, phantom):
    """Make the missing ones of template, labels and the first `cases` of COHORT phantom cases."""
    from glioma_uq.errors import BadInput
    from glioma_uq.seeds import seed_for
    from make_phantom_case import main as make_case
    from make_phantom_labels import main as make_labels
    from make_template import main as make_template

    template = {name: folder / "template" / file for name, file in TEMPLATE_FILES.items()}
    if not template["head"].is_file():
        make_template(**template)
    labels = {name: phantom[name] for name in USUAL if name not in SCAN_OPTIONS}
    tables = {name: folder / f"{name}.csv" for name in ("labels", "truth")}
    make_labels(cases=COHORT, seed=seed_for(SEED, "phantom", "labels"), options=labels, **tables)
    settings = folder / "phantom.yaml"
    if settings.is_file() and yaml.safe_load(settings.read_text()) != phantom:
        raise BadInput(f"expected scans by {phantom}, found others in {folder}, remove it")
    settings.write_text(yaml.safe_dump(phantom))
    for case in cases:
        raw = folder / "raw" / case
        if not (raw / "truth.json").is_file():
            make_case(
                case=case,
                seed=seed_for(SEED, "phantom", case),
                cohort_truth=tables["truth"],
                tissues=template["tissues"],
                distances=template["distances"],
                images={name: raw / f"{name}.nii.gz" for name in (*MODALITIES, "segmentation")},
                truth=raw / "truth.json",
                **{name: phantom[name] for name in SCAN_OPTIONS},
            )


def correct(folder, cases, options):
    """Correct all cases; return CPU s per case."""
    seconds = {}
    for case in cases:
        steps.correct(case, folder / "raw" / case, folder / "corrected" / case, options, seconds)
    return sum(seconds.values()) / len(cases)


def preprocess(folder, cases, engine, method, settings, grid):
    """Preprocess corrected cases into the row's folder; return (CPU s per case, peak MB)."""
    seconds, template = {}, folder / "template"
    options = settings["registration"] | {"engine": engine}
    for case in cases:
        raw, corrected = folder / "raw" / case, folder / "corrected" / case
        found = folder / "rows" / f"{engine}_{method}" / case
        mask = found / "brain_mask.nii.gz"
        steps.coregister(case, corrected, found, options, seconds)
        if method == "template":
            steps.register_to_template(case, corrected, found, template, options, seconds)
            steps.strip_skull(case, corrected, found, template, method, seconds)
        else:
            steps.strip_skull(case, corrected, found, template, method, seconds)
            steps.register_to_template(case, corrected, found, template, options, seconds, mask)
        segmentation = raw / "segmentation.nii.gz"
        field = settings["white_matter_field"]
        steps.normalise(case, corrected, found, mask, segmentation, template, grid, field, seconds)
    return sum(seconds.values()) / len(cases), peak_mb()


def print_shading(shading, seconds):
    """Print the residual shading, [cases, 4, 4, 2], for each series and their mean."""
    print("| series | residual | N4 | N4 twice | white matter | N4 | N4 twice | true field |")
    print("| --- " * 8 + "|")
    by_series = np.mean(shading, 0)
    for name, (*steps_, true) in zip(
        (*MODALITIES, "mean"), [*by_series, by_series.mean(0)], strict=True
    ):
        residuals, variations = zip(*steps_, strict=True)
        values = [*residuals, *variations, true[1]]
        print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in values) + " |")
    print(f"\nfirst N4: {seconds:.1f} CPU s a case\n")


def print_rows(found, costs, seconds):
    """Print the table of registration and skull stripping."""
    print("| engine | stripping | " + " | ".join(COLUMNS) + " |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for (engine, method), values in found.items():
        cpu, peak = costs[engine, method]
        residual, white = np.mean(values["shading"], (0, 1))[2]
        metrics = (
            np.mean(values["landmarks"]),
            np.percentile(values["landmarks"], 95),
            np.mean(values["rigid"]),
            residual,
            white,
            np.mean(values["brain"]),
            np.min(values["brain"]),
            np.mean(values["tumour"]),
            cpu + seconds,
            peak,
        )
        texts = [form.format(v) for form, v in zip(COLUMNS.values(), metrics, strict=True)]
        print(f"| {engine} | {method} | " + " | ".join(texts) + " |", flush=True)


def main():
    parser = parser_of(__doc__, cases=(12, 1))
    parser.add_argument("--engine", nargs="+", default=["ants"])
    parser.add_argument("--stripping", nargs="+", default=["template"])
    parser.add_argument("--demo", action="store_true", help="as cohorts/phantom.yaml")
    parser.add_argument("--folder", type=Path, default=ROOT / "results" / "benchmarks" / "truth")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory() as scratch:
        if options.quick:
            options.demo, options.folder = True, Path(scratch)
        tabulate(options)


def tabulate(options):
    """Make the cohort, preprocess it once for each row and print both tables."""
    usual = USUAL, USUAL_GRID, steps.default_settings()
    phantom, grid, settings = (demo_phantom(), *steps.demo_settings()) if options.demo else usual
    folder = options.folder / ("demo" if options.demo else "usual")
    cases = [f"phantom-{number + 1:03d}" for number in range(options.cases)]
    in_a_new_process(make_cohort, folder, cases, phantom)
    seconds = in_a_new_process(correct, folder, cases, settings["bias_field"])
    rows = [(engine, options.stripping[0]) for engine in options.engine]
    rows += [(options.engine[0], method) for method in options.stripping[1:]]
    costs = {row: in_a_new_process(preprocess, folder, cases, *row, settings, grid) for row in rows}
    folders = {row: folder / "rows" / "_".join(row) for row in rows}
    found = in_a_new_process(compare, folder, cases, folders, settings["white_matter_field"])
    print(f"{len(cases)} phantom cases, {'config.yaml' if options.demo else 'usual scans'}\n")
    print_shading(found[rows[0]]["shading"], seconds)
    print_rows(found, costs, seconds)


if __name__ == "__main__":
    run(main)
