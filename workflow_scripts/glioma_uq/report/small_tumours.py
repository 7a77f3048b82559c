"""Contents of the report on tumour subregions: summary, the paper's tables, paired tests."""

import numpy as np

from glioma_uq.figures.networks import REGION_NAMES, at_nearest, shown_names
from glioma_uq.figures.words import joined
from glioma_uq.plurals import counted
from glioma_uq.report.verdict import number, p_value, with_interval
from glioma_uq.statistics.paired_tests import OF_RULES

TITLES = {
    "table_1": "Table 1. Enhancing tumours below 2,000 mm³",
    "table_2": "Table 2. Enhancing tumours below 1,000 mm³",
    "table_3": "Table 3. Dice of the three regions, all cases",
}
HEADS = {"dice": "Dice", "tpr": "TPR", "fpr": "FPR"}
HEADS |= {region: name.capitalize() for region, name in REGION_NAMES.items()}
GROUPS = {
    "below_2000": "enhancing tumour below 2,000 mm³",
    "below_1000": "enhancing tumour below 1,000 mm³",
    "all": "all cases",
    "empty": "no enhancing tumour",
}
RULES = {"none": "", "et500": ", few voxels to core"}
TESTED = [("et", "below_2000"), ("et", "below_1000"), ("et", "all"), ("wt", "all"), ("tc", "all")]
SCORES = {
    "missed_auroc_tumour_or_top_predictive": "uncertainty of the predicted tumour",
    "missed_auroc_reconstruction_error": "reconstruction error",
}
FEW = 20  # fewer cases hardly separate networks


def about_subregions(tables, rate, passes, level):
    """Return the texts of the section on small tumours; None in a study without subregions.

    Args:
        tables: those of the statistics, by file name.
        rate, passes: of the selected cell; the nearest T with labels is shown.
        level: of the intervals.
    """
    if tables.get("overlap") is None:
        return None
    tests = at_nearest(tables["overlap_tests"], rate, passes)
    origin = tables["table_1"]["origin"]
    networks = list(tables["table_1"].loc[origin == "measured", "network"].unique())
    names = shown_names(networks)
    by_rule = [
        row for group in GROUPS for row in paired_rows(tests, networks, group, "et", OF_RULES)
    ]
    by_network = [
        row for task, group in TESTED for row in paired_rows(tests, networks, group, task)
    ]
    return {
        "networks": list(names.values()),
        "cases": case_counts(tables["overlap"], rate, passes),
        "summary": [
            *(sentence(row, names, level) for row in paired_rows(tests, networks, "below_2000")),
            *detections(tables.get("uncertainty_by_size"), names, rate, passes),
        ],
        "tables": [paper_table(name, tables[name], names, rate, passes) for name in TITLES],
        "tests": [paired_row(row, names) for row in by_network],
        "rules": [paired_row(row, names) for row in by_rule],
    }


def case_counts(overlap, rate, passes):
    """Return {group: number of cases}, 0 for a group without any."""
    rows = at_nearest(overlap, rate, passes)
    rows = rows[(rows["task"] == "et") & (rows["rule"] == "none") & (rows["measure"] == "dice")]
    return dict.fromkeys(GROUPS, 0) | rows.groupby("group")["n"].max().astype(int).to_dict()


def paired_rows(tests, networks, group, task="et", rule="none"):
    """Return the tests of Dice of one region and group, in the order of the networks."""
    rows = tests[
        (tests["task"] == task) & (tests["group"] == group)
        & (tests["rule"] == rule) & (tests["measure"] == "dice")
    ]  # fmt: skip
    return sorted(rows.itertuples(), key=lambda row: networks.index(row.network))


def sentence(row, names, level):
    """Return a sentence on a network's difference from the first one on small tumours."""
    return (
        f"{names[row.network]} minus {names[row.reference]}, Dice of {GROUPS[row.group]}: "
        f"{with_interval(row.difference, row.low, row.high)}, n = {row.n:.0f}, "
        f"p = {p_value(row.p_holm)} (Holm): {judged(row, level)}."
    )


def detections(table, names, rate, passes):
    """Return a sentence on each network: is it more uncertain where it misses a tumour?"""
    if table is None:
        return []
    rows = at_nearest(table[table["group"] == "all"], rate, passes).dropna(subset="value")
    rows = rows[rows["measure"].isin(SCORES)]
    return [
        f"{names[row.network]}, {SCORES[row.measure]} as a sign of a missed enhancing tumour: "
        f"AUROC {with_interval(row.value, row.low, row.high)}, n = {row.n:.0f}: {sign(row)}."
        for row in rows.itertuples()
    ]


def sign(row):
    """Return the side of chance on which an AUROC lies, if its interval excludes chance."""
    if row.low > 0.5:
        return "larger for missed tumours"
    return "smaller for missed tumours" if row.high < 0.5 else "undecided at this n"


def judged(row, level):
    """Return the direction of a difference, if interval and test agree on one."""
    differs = (row.low > 0 or row.high < 0) and row.p_holm < 1 - level
    if not differs:
        return "undecided at this n"
    return "better" if row.difference > 0 else "worse"


def paired_row(row, names):
    """Return one paired test as a row of texts."""
    return [
        names[row.network],
        REGION_NAMES[row.task].capitalize(),
        GROUPS[row.group],
        with_interval(row.difference, row.low, row.high),
        f"{row.n:.0f}",
        f"{row.n_different:.0f}",
        p_value(row.p),
        p_value(row.p_holm),
    ]


def paper_table(name, table, names, rate, passes):
    """Return {title, head, measured, quoted, source} of one of the paper's tables."""
    columns = [column for column in table if f"{column}_low" in table]
    measured = table[table["origin"] == "measured"]
    quoted = table[table["origin"] == "quoted"]
    shown = at_nearest(measured, rate, passes) if len(measured) else measured
    return {
        "title": TITLES[name],
        "head": ["Network", "n", *(HEADS[column] for column in columns)],
        "measured": [
            [
                f"{names[row['network']]}{RULES[row['rule']]}",
                f"{row['n']:.0f}",
                *(with_interval(row[c], row[f"{c}_low"], row[f"{c}_high"], 4) for c in columns),
            ]
            for _, row in shown.iterrows()
        ],
        "quoted": [
            [
                row["network"],
                "not given" if np.isnan(row["n"]) else f"{row['n']:.0f}",
                *(number(row[c], 4) for c in columns),
            ]
            for _, row in quoted.iterrows()
        ],
        "source": joined(quoted["cases"].unique()),
    }


def warnings(about):
    """Return a sentence on each group with too few cases."""
    few = {} if about is None else {g: about["cases"][g] for g in ("below_2000", "below_1000")}
    return [
        f"{few_with(n)} {GROUPS[group]}: its intervals are wide or missing, and differences "
        "between networks are mostly chance."
        for group, n in few.items()
        if n < FEW
    ]


def few_with(n):
    """Return "No case has", "Only 1 case has" or "Only 2 cases have"."""
    return f"Only {counted(n, 'case')} {'has' if n == 1 else 'have'}" if n else "No case has"


def facts(about):
    """Return [(name, text)] on enhancing tumours for the list of what was run."""
    if about is None:
        return []
    n = about["cases"]
    text = (
        f"in {n['all'] - n['empty']} of {counted(n['all'], 'case')}; {n['below_2000']} "
        f"below 2,000 mm³, {n['below_1000']} of them below 1,000 mm³"
    )
    return [("Enhancing tumour", text)]
