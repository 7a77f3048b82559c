"""Number of patients of an IDC collection with all four modalities, and why others lack some.

    python benchmarks/idc_selection.py [collection] [--table series.csv] [--quick]

Needs idc-index (`make downloads`), which includes the index, so no network. It takes seconds;
--quick changes nothing.

Last line: `complete 583 of 630`
"""

from collections import Counter
from importlib.metadata import version
from time import perf_counter

import harness

from glioma_uq.cohorts.idc import collection_series
from glioma_uq.cohorts.selection import write_series
from glioma_uq.cohorts.series import choose_series, missing_modalities

FOUR = ["t1", "t1ce", "t2", "flair"]


def main():
    """Print missing modalities by patient, the reasons, and the count in the last line."""
    parser = harness.parser_of(__doc__)
    parser.add_argument("collection", nargs="?", default="upenn_gbm")
    parser.add_argument("--table", help="write all series and reasons to this CSV")
    options = parser.parse_args()
    began = perf_counter()
    selected = choose_series(collection_series(options.collection), FOUR)
    seconds = perf_counter() - began
    lacking = missing_modalities(selected, FOUR)
    for case, names in lacking.items():
        near = selected[
            (selected.case == case) & selected.reason.str.contains(", but", regex=False)
        ]
        hints = "; ".join(f"{r.SeriesDescription.strip()!r}: {r.reason}" for r in near.itertuples())
        print(f"{case}: no {', '.join(names)}{f' ({hints})' if hints else ''}")
    taken = selected[selected.modality != ""]
    by_place = taken.reason.str.contains("by its place").sum()
    other_date = taken.reason.str.contains(", since ").sum()
    print(f"lacking: {dict(Counter(name for names in lacking.values() for name in names))}")
    print(
        f"T1CE identified by the order of series: {by_place}; series of another date: {other_date}"
    )
    print(f"{len(selected)} series, idc-index-data {version('idc-index-data')}, {seconds:.1f} s")
    if options.table:
        write_series(options.table, selected)
    cases = selected.case.nunique()
    print(f"complete {cases - len(lacking)} of {cases}")


if __name__ == "__main__":
    harness.run(main)
