"""The dropout rate and passes T that the study's rule selects, and the reasons."""

from functools import partial

from glioma_uq.statistics.long_tables import concat_nonempty, plain_values
from glioma_uq.statistics.measures import key_measures, segmentation_measures
from glioma_uq.statistics.selection import selection_table


def tabulate(*, classification, segmentation, selection, ece):
    values = [
        plain_values(classification, partial(key_measures, ece=ece)),
        plain_values(segmentation, segmentation_measures),
    ]
    fixed = selection["rate"], selection["passes"]
    table = selection_table(
        concat_nonempty(values), selection["rule"], fixed, selection["tolerance"]
    )
    print(table[table["item"] != "stabilised_at"].to_string(index=False))
    return table
