"""The results of the paper on small tumours, in tables that also hold ours.

The numbers are those of Ngo et al. (2020), "Multi-Task Learning for Small Brain Tumor Segmentation
from MRI", Tables 1 to 3. Its text (4.5.2) swaps the Dice of the whole tumour and the core of its
own network compared with Table 3; here they are as in the table. The paper does not say how many
cases are small, nor whether few enhancing voxels were relabelled.
"""

import numpy as np
import pandas as pd

from glioma_uq.grid import format_rate

PAPER = "DMFNet + U-Module (the paper)"
SMALL = ("dice", "tpr", "fpr")  # of the enhancing tumour
REGIONS = ("et", "wt", "tc")  # Dice of each
QUOTED = {
    "table_1": {
        "DMFNet": (0.2720, 0.2316, 0.0),
        "Reversible U-Net": (0.2828, 0.2479, 0.0),
        "No New-Net": (0.3154, 0.3322, 0.0001),
        PAPER: (0.4499, 0.4269, 0.0001),
    },
    "table_2": {
        "DMFNet": (0.1638, 0.1456, 0.0),
        "Reversible U-Net": (0.1645, 0.1462, 0.0),
        "No New-Net": (0.2147, 0.2751, 0.0001),
        PAPER: (0.3854, 0.3963, 0.0001),
    },
    "table_3": {
        "3D U-Net": (0.7559, 0.8883, 0.7177),
        "DMFNet": (0.8012, 0.9062, 0.8454),
        "Reversible U-Net": (0.8056, 0.9061, 0.8571),
        "No New-Net": (0.8101, 0.9083, 0.8544),
        "3D-ESPNet": (0.7370, 0.8830, 0.8140),
        "Kao et al.": (0.7875, 0.9047, 0.8135),
        "S3D-UNet": (0.7493, 0.8935, 0.8309),
        "NVDLMED": (0.8173, 0.9068, 0.8602),
        PAPER: (0.8182, 0.8975, 0.8405),
    },
}
HELD_OUT = "BraTS 2018, a fifth of the training cases"
TABLES = {  # name: (group of cases, values, the paper's cases, their number)
    "table_1": ("below_2000", SMALL, HELD_OUT, np.nan),
    "table_2": ("below_1000", SMALL, HELD_OUT, np.nan),
    "table_3": ("all", REGIONS, "BraTS 2018, validation cases", 66),
}
NAMES = ["network", "origin", "cases", "rule", "rate", "passes", "n", "given"]


def paper_table(name, overlap, networks, cohort):
    """Return one of the paper's `TABLES`: the quoted rows as printed, then the measured ones.

    Columns are `NAMES`, then each value with {value}_low and {value}_high. Origin is `quoted` or
    `measured`. These differ in cases, split and preprocessing, so they must not be ranked together.
    Quoted rows have no interval.

    Args:
        overlap: the study's long table of overlap.
        networks: in the order of the rows.
        cohort: name for the column `cases` of measured rows.
    """
    _, values, cases, n = TABLES[name]
    columns = NAMES + [f"{v}{limit}" for v in values for limit in ("", "_low", "_high")]
    quoted = [
        {"network": network, "origin": "quoted", "cases": cases, "n": n}
        | dict(zip(values, printed, strict=True))
        for network, printed in QUOTED[name].items()
    ]
    measured = measured_rows(name, overlap, networks, cohort)
    return pd.DataFrame([*quoted, *measured], columns=columns)


def measured_rows(name, overlap, networks, cohort):
    """Yield a dict for each network, rule and cell that was measured."""
    group, values, *_ = TABLES[name]
    mine = overlap[overlap["group"] == group]
    for network in networks:
        cells = mine[mine["network"] == network].groupby(["rate", "passes", "rule"], sort=False)
        for (rate, passes, rule), part in cells:
            row = {"network": network, "origin": "measured", "cases": cohort,
                   "rule": rule, "rate": format_rate(float(rate)), "passes": passes}  # fmt: skip
            for value in values:
                task, measure = ("et", value) if values == SMALL else (value, "dice")
                found = part[(part["task"] == task) & (part["measure"] == measure)].iloc[0]
                row |= {
                    value: found["value"],
                    "n": row.get("n", found["n"]),
                    "given": found["given"],
                }
                row |= {f"{value}_{limit}": found[limit] for limit in ("low", "high")}
            yield row
