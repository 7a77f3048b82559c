"""Convert the predictions of another model to the classification table of one cell."""

from glioma_uq.steps import run

from glioma_uq.plurals import counted
from glioma_uq.predictions import import_predictions
from glioma_uq.tables import write_table


def main(*, predictions, columns, output, sheet=None, only=None):
    table = import_predictions(predictions, columns, sheet, only)
    write_table(table, output)
    print(f"{counted(len(table), 'case')} from {predictions}")


if __name__ == "__main__":
    run(main, snakemake)
