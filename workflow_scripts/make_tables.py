"""Make Tables 1 to 3 of the paper on small tumours, with its quoted rows and our measured ones."""

from glioma_uq.statistics.quoted_results import paper_table
from glioma_uq.steps import run
from glioma_uq.tables import read_table, write_table


def main(*, overlap, networks, cohort, outputs):
    """`outputs` is {table_1, table_2, table_3: path}."""
    measured = read_table(overlap)
    for name, path in outputs.items():
        write_table(paper_table(name, measured, networks, cohort), path)


if __name__ == "__main__":
    run(main, snakemake)
