"""Select dropout rate and passes T by the study's rule, and record the reasons."""

from functools import partial

from glioma_uq.statistics.long_tables import concat_nonempty, plain_values
from glioma_uq.statistics.measures import Ece, key_measures, segmentation_measures
from glioma_uq.statistics.selection import selection_table
from glioma_uq.steps import run
from glioma_uq.tables import write_table


def main(*, classification, segmentation, selection, ece, output):
    of_classes = partial(key_measures, ece=Ece.of_config(**ece))
    values = [
        plain_values(classification, of_classes),
        plain_values(segmentation, segmentation_measures),
    ]
    measures = concat_nonempty(values)
    fixed = selection["rate"], selection["passes"]
    table = selection_table(measures, selection["rule"], fixed, selection["tolerance"])
    write_table(table, output)
    print(table[table["item"] != "stabilised_at"].to_string(index=False))


if __name__ == "__main__":
    run(main, snakemake)
