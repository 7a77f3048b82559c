"""How uncertain a network is about small tumours, and whether uncertainty detects missed ones.

Cases are grouped by the volume of their enhancing tumour (ET) in the reference. An ET is missed
if the network finds less than a tenth of its voxels. Uncertainty is that of the whole segmentation,
overlap that of ET. All cells and groups share one matrix of resamples.
"""

import numpy as np

from glioma_uq.statistics.bootstrap import draw_resamples, weighted_mean
from glioma_uq.statistics.discrimination import error_auroc
from glioma_uq.statistics.intervals import CORRECTED
from glioma_uq.statistics.long_tables import resample_cell
from glioma_uq.statistics.measures import voxel_measures
from glioma_uq.statistics.overlap_groups import GroupedResamples, et_volumes, in_group
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


def members(volume, group):
    """Return which cases belong to `group`, [N] bool, by volume of ET in mm3; see `in_group`."""
    return volume >= 2000 if group == "from_2000" else in_group(volume, group)


def with_overlap(segmentation, overlap):
    """Return a cell's table of segmentation with et_dice, et_tpr and et_volume_mm3 of each row.

    Both tables have a row for each case and seed; rows of `overlap` are those of ET without a
    rule. Cases without reference segmentation drop out.
    """
    mine = overlap[(overlap["region"] == "et") & (overlap["rule"] == "none")]
    mine = mine.rename(
        columns={"dice": "et_dice", "tpr": "et_tpr", "reference_volume_mm3": "et_volume_mm3"}
    )[["case", "seed", "et_dice", "et_tpr", "et_volume_mm3"]]
    tables = (table.assign(seed=table["seed"].astype(str)) for table in (segmentation, mine))
    left, right = tables
    return fill_rim(left.merge(right, on=["case", "seed"], validate="one_to_one"))


def fill_rim(table):
    """Return `table` with a value for the rim of every case."""
    # ASSUME: a case without predicted tumour has no rim; it is as uncertain as the most uncertain
    # case. Leaving it out would leave out exactly the missed cases.
    rim = [column for column in SCORES if column.startswith("rim") and column in table]
    return table.assign(**{column: table[column].fillna(table[column].max()) for column in rim})


def size_measures(table, weights):
    """Yield (task, measure, replicates [B], n cases) of the rows of one group.

    - `dice` of ET; `missed`, the share of cases with ET whose ET is missed.
    - `predictive`, `aleatoric`, `epistemic`: mean over the cases in `REGION`; `epistemic_share`:
      mean of epistemic / predictive, which needs at least two passes.
    - `aurc_{score}`, `excess_aurc_{score}`: with the loss 1 - Dice of ET.
    - `missed_auroc_{score}`: the probability that a missed ET has a higher score than a found one;
      `missed_auroc_gain_{score}`: minus that of `BASE`, under the same resamples.
    """
    yield mean("et", "dice", table, table["et_dice"], weights)
    missed = (table["et_tpr"] < MISSED_TPR).where(table["et_tpr"].notna())
    yield mean("et", "missed", table, missed, weights)
    yield from mean_uncertainties(table, weights)
    for score in SCORES:
        known = table[score].notna().to_numpy() if score in table else np.array([False])
        if known.any():
            yield from judge_score(score, table[known], missed[known], weights[:, known])


def judge_score(score, table, missed, weights):
    """Yield how well `score` orders the cases by Dice of ET and detects missed ones."""
    values, loss = table[score].to_numpy(float), 1 - table["et_dice"].to_numpy(float)
    n = table["case"].nunique()
    yield "et", f"aurc_{score}", aurc(values, loss, weights), n
    yield "et", f"excess_aurc_{score}", excess_aurc(values, loss, weights), n
    with_et = missed.notna().to_numpy()
    is_missed, mine = missed[with_et].to_numpy(bool), weights[:, with_et]
    n = table["case"][with_et].nunique()
    found = error_auroc(values[with_et], is_missed, mine)
    yield "et", f"missed_auroc_{score}", found, n
    if score != BASE:
        base = error_auroc(table[BASE].to_numpy(float)[with_et], is_missed, mine)
        yield "et", f"missed_auroc_gain_{score}", found - base, n


def mean_uncertainties(table, weights):
    """Yield the mean uncertainties of a group in `REGION`, and the epistemic share."""
    for part in UNCERTAINTY_COMPONENTS:
        yield mean("segmentation", part, table, table[f"{REGION}_{part}"], weights)
    whole, epistemic = table[f"{REGION}_predictive"], table[f"{REGION}_epistemic"]
    if (epistemic > 0).any():
        share = epistemic / whole.where(whole > 0)
        yield mean("segmentation", "epistemic_share", table, share, weights)


def mean(task, measure, table, values, weights):
    """Return (task, measure, replicates [B], n cases) of the mean of the known `values`."""
    known = values.notna().to_numpy()
    replicates = weighted_mean(values[known].astype(float), weights[:, known])
    return task, measure, replicates, table["case"][known].nunique()


def resample_by_size(tables, *, resamples, interval, rng):
    """Return the `GroupedResamples` (group,) of all cells, in order of cells.

    `tables`: {cell: table} of segmentation, overlap and voxels. Cells that are not among the
    voxels have no calibration error.
    """
    segmentation, overlap, voxels = tables
    tables = {cell: with_overlap(segmentation[cell], overlap[cell]) for cell in sorted(overlap)}
    drawn = draw_resamples(tables.values(), resamples, rng)
    placed = []
    for cell, table in tables.items():
        volume = et_volumes(overlap[cell])
        kinds = [(table, size_measures)]
        if cell in voxels:
            kinds.append((counts_by_case(voxels[cell]), voxel_measures))
        for group in GROUPS:
            inside = volume.index[members(volume.to_numpy(), group)]
            for rows, measures in kinds:
                mine = rows[rows["case"].isin(inside)]
                found = resample_cell(cell, mine, measures, drawn, interval in CORRECTED)
                placed += [GroupedResamples(d, (group,)) for d in found]
    return placed


def without_histograms(cells):
    """Return the rows of the long table that say why `cells` have no calibration error."""
    return [
        (cell.network, f"{cell.rate:.2f}", cell.passes, "segmentation", f"voxel_ece_{region}",
         *[np.nan] * 3, 0, "all", NO_HISTOGRAMS)
        for cell in sorted(cells)
        for region in ("brain", "dilated")
    ]  # fmt: skip
