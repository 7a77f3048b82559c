"""What studies of segmentation found, in the tables of docs/real_patients.md.

    python benchmarks/real_patients.py [STUDY ...] [--quick]

Needs the finished results of each STUDY, a folder of results/studies with maps (default:
results/studies/brats_small); its cohort lies in ../../cohorts. Values are those of the study's
tables at its largest T, with their intervals; those of voxels are read from the maps of the cell
that has some. With --quick, the maps of the first case alone.

Last line: `Dice of the whole tumour 0.80, probability of tumour outside it 0.01`
"""

from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from harness import parser_of, run

SERIES = ("t1", "t1ce", "t2", "flair")
PLACES = ("outside the brain", "in the brain, outside the tumour", "in the tumour")
REGIONS = {"wt": "whole tumour", "tc": "tumour core", "et": "enhancing tumour"}
PARTS = ("core", "oedema", "enhancing")
MEASURES = {
    "hd95_mm": "HD95, mm",
    "predictive_brain": "uncertainty of the brain, nats",
    "predictive_tumour": "uncertainty of the predicted tumour, nats",
    "epistemic_tumour": "its epistemic part, nats",
    "voxel_ece_brain": "calibration error of voxels, brain",
    "voxel_ece_dilated": "calibration error of voxels, tumour and its rim",
    "spearman_brain": "Spearman's correlation of Dice and the brain's uncertainty",
    "spearman_tumour": "Spearman's correlation of Dice and the tumour's uncertainty",
    "aurc_brain": "area under the risk-coverage curve, by the brain's uncertainty",
    "aurc_tumour": "area under the risk-coverage curve, by the tumour's uncertainty",
}


def show(title, header, rows):
    """Print a table of Markdown."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def with_interval(row):
    """Return `value (low to high)` of a row of a long table."""
    if np.isnan(row["low"]):
        return f"{row['value']:.3f}" if row["value"] == row["value"] else "not measured"
    return f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def read_volume(path):
    """Return the voxels of a NIfTI file."""
    return np.asarray(nibabel.load(path).dataobj)


def show_cost(study):
    """Print time and memory of the jobs that Snakemake measured."""
    rows = []
    for folder in sorted((study / "benchmarks").iterdir()):
        files = sorted(folder.glob("*.tsv"))
        jobs = pd.concat([pd.read_csv(file, sep="\t", na_values="-") for file in files])
        times = (jobs["s"].median(), jobs["s"].max(), jobs["cpu_time"].sum())
        numbers = [f"{seconds:.0f}" for seconds in times] + [f"{jobs['max_rss'].max():.0f}"]
        rows.append([folder.name, str(len(jobs)), *numbers])
    header = ["step", "jobs", "median s", "longest s", "CPU s of all", "peak MB"]
    show("Time and memory of training and sampling", header, rows)


def show_cohort(cohort):
    """Print the tumours' sizes on the patients' own grids, and the z-scores of their parts."""
    volumes = pd.read_csv(cohort / "volumes.csv").set_index("case")
    found = (volumes[[f"{region}_mm3" for region in REGIONS]] / 1000).agg(["min", "median", "max"])
    rows = [[text, *(f"{ml:.1f}" for ml in found[f"{name}_mm3"])] for name, text in REGIONS.items()]
    show(f"Tumours of {cohort.name}, ml", ["region", "smallest", "median", "largest"], rows)
    scores = []
    for case in filter(partial(segmented, cohort), volumes.index):
        folder = cohort / "normalised" / case
        labels = read_volume(folder / "segmentation.nii.gz")
        series = {name: read_volume(folder / f"{name}.nii.gz") for name in SERIES}
        for part, mask in {name: labels == n for n, name in enumerate(PARTS, start=1)}.items():
            if mask.any():
                means = {name: image[mask].mean() for name, image in series.items()}
                scores.append({"part": part} | means)
    by_part = pd.DataFrame(scores).groupby("part", sort=False)[list(SERIES)]
    mean, sd = by_part.mean(), by_part.std()
    rows = [
        [part, *(f"{mean.at[part, name]:.1f} ± {sd.at[part, name]:.1f}" for name in SERIES)]
        for part in mean.index
    ]
    show(f"z-scores in {cohort.name}, mean ± SD over cases", ["part", *SERIES], rows)


def segmented(cohort, case):
    """Return whether a case has a reference; without one its file is empty."""
    return (cohort / "normalised" / case / "segmentation.nii.gz").stat().st_size > 0


def show_long(title, table, names, column):
    """Print the rows of a long table, all with the largest T, of each name in `column`."""
    table = table[table["passes"] == table["passes"].max()]
    cells = list(table.groupby(["network", "rate"], sort=False))
    rows = []
    for name, text in names.items():
        found = [rows[rows[column] == name] for _, rows in cells]
        if all(len(one) for one in found):
            rows.append([text, *(with_interval(one.iloc[0]) for one in found)])
    header = ["mean (interval)", *(f"{network}, rate {rate:.2f}" for (network, rate), _ in cells)]
    show(title, header, rows)


def show_dice(study):
    """Print Dice by region, and the other measures of the segmentation; return the first Dice."""
    statistics = study / "statistics"
    segmentation = pd.read_csv(statistics / "segmentation.csv")
    if (statistics / "overlap.csv").is_file():
        overlap = pd.read_csv(statistics / "overlap.csv")
        overlap = overlap[(overlap["rule"] == "none") & (overlap["measure"] == "dice")]
        for group in overlap["group"].unique():
            chosen = overlap[overlap["group"] == group]
            title = f"Dice, cases: {group}, n = {chosen['n'].max()}"
            show_long(title, chosen, REGIONS, "task")
    dice = {"dice": "Dice of the whole tumour"}
    show_long("The segmentation", segmentation, dice | MEASURES, "measure")
    last = segmentation[segmentation["passes"] == segmentation["passes"].max()]
    return last[last["measure"] == "dice"].iloc[0]


def show_risk(study):
    """Print the mean of 1 - Dice of the share of cases that are the least uncertain."""
    table = pd.read_csv(study / "statistics/risk_coverage.csv")
    rows = []
    by = ["network", "rate", "uncertainty"]
    for (network, rate, uncertainty), curve in table.groupby(by, sort=False):
        curve = curve.set_index("coverage").sort_index()
        half = curve.iloc[(np.abs(curve.index - 0.5)).argmin()]
        text = f"{half['risk']:.3f} ({half['low']:.3f} to {half['high']:.3f})"
        rows.append([network, f"{rate:.2f}", uncertainty, text, f"{curve['risk'].iloc[-1]:.3f}"])
    header = ["network", "rate", "by", "1 - Dice of the surer half", "of all"]
    show("Risk and coverage", header, rows)


def show_voxels(study, cohort, quick):
    """Print probability of tumour and uncertainty by place; return the first outside the tumour."""
    first = None
    for folder in sorted(study.glob("*/dropout-*")):
        files = sorted(folder.glob("fold-*/seed-*/samples/maps/*/passes-*/mean.nii.gz"))
        values = []
        files = [file for file in files if segmented(cohort, file.parts[-3])]
        for file in files[: 1 if quick else None]:
            of_case = cohort / "normalised" / file.parts[-3]
            brain = read_volume(of_case / "brain_mask.nii.gz") > 0
            tumour = read_volume(of_case / "segmentation.nii.gz") > 0
            places = (~brain & ~tumour, brain & ~tumour, tumour)
            maps = [
                read_volume(file.with_name(f"{name}.nii.gz")) for name in ("mean", "predictive")
            ]
            values.append(
                [[volume[place].mean() for volume in maps] for place in places]
                + [[volume[~tumour].mean() for volume in maps]]
            )
        if not values:
            continue
        mean, most = np.mean(values, axis=0), np.max(values, axis=0)
        first = mean[3, 0] if first is None else first
        rows = [
            [place, *(f"{mean[at, i]:.4f}, {most[at, i]:.4f}" for i in (0, 1))]
            for at, place in enumerate((*PLACES, "outside the tumour"))
        ]
        header = ["place", "probability of tumour", "uncertainty, nats"]
        name = f"{folder.parent.name}, {folder.name}"
        show(f"{name}: mean and largest of {len(values)} maps", header, rows)
    return first


def show_findings(studies):
    """Print the claims about segmentation of the studies that have them, side by side."""
    tables = {}
    for study in studies:
        path = study / "statistics/findings.csv"
        if path.is_file():
            table = pd.read_csv(path)
            tables[study.name] = table[table["task"] == "segmentation"].set_index("claim")
    if not tables:
        return
    claims = next(iter(tables.values()))
    rows = [
        [claim, theirs, *(judged(table.loc[claim]) for table in tables.values())]
        for claim, theirs in claims["theirs"].items()
    ]
    show("Findings on segmentation", ["claim", "theirs", *tables], rows)


def judged(row):
    """Return `value (low to high), verdict` of a finding; the verdict alone without a value."""
    if np.isnan(row["low"]):
        return row["verdict"]
    return f"{row['ours']:.3g} ({row['low']:.3g} to {row['high']:.3g}), {row['verdict']}"


def check(study):
    """Return the cohort's folder of a finished study; raise BadInput unless there is one."""
    from glioma_uq.errors import BadInput

    if not (study / "statistics/segmentation.csv").is_file():
        raise BadInput(f"expected finished results in {study}, found none, run the study first")
    cohort = (study / "belongs_to.txt").read_text(encoding="utf-8").split()[2]
    return study.resolve().parents[1] / "cohorts" / cohort


def main():
    parser = parser_of(__doc__)
    default = [Path("results/studies/brats_small")]
    parser.add_argument("studies", nargs="*", type=Path, default=default, metavar="STUDY")
    options = parser.parse_args()
    cohorts = [check(study) for study in options.studies]
    for study, cohort in zip(options.studies, cohorts, strict=True):
        print(f"\n## {study.name}")
        show_cost(study)
        show_cohort(cohort)
        dice = show_dice(study)
        show_risk(study)
        probability = show_voxels(study, cohort, options.quick)
    show_findings(options.studies)
    print(
        f"\nDice of the whole tumour {dice['value']:.2f}, "
        f"probability of tumour outside it {probability:.2f}"
    )


if __name__ == "__main__":
    run(main)
