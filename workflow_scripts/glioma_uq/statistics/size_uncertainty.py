"""How uncertain a network is about small tumours, and whether uncertainty detects missed ones.

Cases are grouped by the volume of their enhancing tumour (ET) in the reference. An ET is missed
if the network finds less than a tenth of its voxels. Uncertainty is that of the whole segmentation,
overlap that of ET. All cells and groups share one matrix of resamples.
"""

import numpy as np

from glioma_uq.grid import format_cell
from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.long_tables import measure_known, resample_cell
from glioma_uq.statistics.measures import voxel_measures
from glioma_uq.statistics.overlap_groups import et_volumes, in_group
from glioma_uq.statistics.patients import count_cases
from glioma_uq.statistics.risk_coverage import aurc, excess_aurc
from glioma_uq.statistics.voxel_calibration import counts_by_case
from glioma_uq.uncertainty import UNCERTAINTY_COMPONENTS

GROUPS = ("all", "from_2000", "below_2000", "below_1000", "empty")
MISSED_TPR = 0.1  # ASSUME: a tumour is missed below a tenth of its voxels
REGION = "tumour_or_top"  # the predicted tumour, or the top 5 % if that is empty
BASE = f"{REGION}_predictive"
SCORES = (
    BASE,
    f"{REGION}_epistemic",
    "brain_predictive",
    "brain_epistemic",
    "outside_predictive",
    "outside_epistemic",
    "outside_mass_mm3",
    "rim_predictive",
    "rim_epistemic",
    "rim_mass_mm3",
    "reconstruction_error",
)
NO_HISTOGRAMS = "no voxels were counted: sampling.voxel_histograms is off"


def with_overlap(segmentation, overlap):
    """Return a cell's table of segmentation with et_dice, et_tpr and et_volume_mm3 of each row.

    Both tables have a row for each case and seed; rows of `overlap` are those of ET without a
    rule. Cases without reference segmentation drop out.
    """
    mine = overlap[(overlap["region"] == "et") & (overlap["rule"] == "none")]
    mine = mine.rename(
        columns={"dice": "et_dice", "tpr": "et_tpr", "reference_volume_mm3": "et_volume_mm3"}
    )[["case", "seed", "et_dice", "et_tpr", "et_volume_mm3"]]
    left, right = (table.assign(seed=table["seed"].astype(str)) for table in (segmentation, mine))
    table = left.merge(right, on=["case", "seed"], validate="one_to_one")
    # ASSUME: a case without predicted tumour has no rim; it is as uncertain as the most uncertain
    # case. Leaving it out would leave out exactly the missed cases.
    for column in (column for column in SCORES if column.startswith("rim") and column in table):
        table[column] = table[column].fillna(table[column].max())
    return table


def size_measures(table, weights):
    """Yield (task, measure, replicates [B], n cases) of the rows of one group.

    - `dice` of ET; `missed`, the share of cases with ET whose ET is missed.
    - `predictive`, `aleatoric`, `epistemic`: mean over the cases in `REGION`; `epistemic_share`:
      mean of epistemic / predictive, which needs at least two passes.
    - `aurc_{score}`, `excess_aurc_{score}`: with the loss 1 - Dice of ET.
    - `missed_auroc_{score}`: the probability that a missed ET has a higher score than a found one;
      `missed_auroc_gain_{score}`: minus that of `BASE`, under the same resamples.
    """
    missed = (table["et_tpr"] < MISSED_TPR).where(table["et_tpr"].notna())
    yield measure_known(table, weights, "et", "dice", weighted_mean, table["et_dice"])
    yield measure_known(table, weights, "et", "missed", weighted_mean, missed)
    parts = {part: table[f"{REGION}_{part}"] for part in UNCERTAINTY_COMPONENTS}
    if (parts["epistemic"] > 0).any():
        whole = parts["predictive"].where(parts["predictive"] > 0)
        parts["epistemic_share"] = parts["epistemic"] / whole
    for name, values in parts.items():
        yield measure_known(table, weights, "segmentation", name, weighted_mean, values)
    for score in SCORES:
        known = table[score].notna().to_numpy() if score in table else np.array([False])
        if known.any():
            yield from judge_score(score, table[known], missed[known], weights[:, known])


def judge_score(score, table, missed, weights):
    """Yield how well `score` orders the cases by Dice of ET and detects missed ones."""
    values, loss = table[score].to_numpy(float), 1 - table["et_dice"].to_numpy(float)
    n = count_cases(table)
    yield "et", f"aurc_{score}", aurc(values, loss, weights), n
    yield "et", f"excess_aurc_{score}", excess_aurc(values, loss, weights), n
    with_et = missed.notna().to_numpy()
    is_missed, mine = missed[with_et].to_numpy(bool), weights[:, with_et]
    n = count_cases(table[with_et])
    found = error_auroc(values[with_et], is_missed, mine)
    yield "et", f"missed_auroc_{score}", found, n
    if score != BASE:
        base = error_auroc(table[BASE].to_numpy(float)[with_et], is_missed, mine)
        yield "et", f"missed_auroc_gain_{score}", found - base, n


def resample_by_size(tables, *, resamples, interval, rng):
    """Return the `BootstrapResult`s at (group,) of all cells, in order of cells.

    `tables`: {cell: table} of segmentation, overlap and voxels. Cells that are not among the
    voxels have no calibration error.
    """
    segmentation, overlap, voxels = tables
    tables = {cell: with_overlap(segmentation[cell], overlap[cell]) for cell in sorted(overlap)}
    drawn = draw_resamples(tables.items(), resamples, rng)
    results = []
    for cell, table in tables.items():
        volume = et_volumes(overlap[cell])
        kinds = [(table, size_measures)]
        if cell in voxels:
            kinds.append((counts_by_case(voxels[cell]), voxel_measures))
        for group in GROUPS:
            inside = volume.index[in_group(volume.to_numpy(), group)]
            for rows, measures in kinds:
                mine = rows[rows["case"].isin(inside)]
                results += resample_cell(cell, mine, measures, drawn, interval, (group,))
    return results


def without_histograms(cells):
    """Return the rows of the long table that say why `cells` have no calibration error."""
    return [
        (*format_cell(cell), "segmentation", f"voxel_ece_{region}",
         *[np.nan] * 3, 0, "", "all", NO_HISTOGRAMS)
        for cell in sorted(cells)
        for region in ("brain", "dilated")
    ]  # fmt: skip
