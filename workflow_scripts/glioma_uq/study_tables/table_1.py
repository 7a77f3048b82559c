"""Table 1 of the paper on small tumours: its quoted rows and our measured ones."""

from glioma_uq.statistics.quoted_results import paper_table
from glioma_uq.tables import read_table


def tabulate(*, overlap, networks, cohort):
    return paper_table("table_1", read_table(overlap), networks, cohort)
