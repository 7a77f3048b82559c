"""Make Tables 1 to 3 of the paper on small tumours: its rows as quoted, ours as measured."""

from glioma_uq.logs import log_to
from glioma_uq.statistics.quoted_results import paper_table
from glioma_uq.tables import read_table, write_table


def main(*, overlap, networks, cohort, outputs):
    """`outputs` is {table_1, table_2, table_3: path}."""
    measured = read_table(overlap)
    for name, path in outputs.items():
        write_table(paper_table(name, measured, networks, cohort), path)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            overlap=snakemake.input.overlap,
            networks=snakemake.params.networks,
            cohort=snakemake.params.cohort,
            outputs=dict(snakemake.output.items()),
        )
