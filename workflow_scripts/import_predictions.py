"""Turn the predictions of any model into the classification table of one cell."""

from glioma_uq.logs import log_to
from glioma_uq.predictions import import_predictions
from glioma_uq.tables import write_table


def main(*, predictions, columns, output):
    table = import_predictions(predictions, columns)
    write_table(table, output)
    print(f"{len(table)} cases from {predictions}")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            predictions=snakemake.input.predictions,
            columns=snakemake.params.columns,
            output=snakemake.output.classification,
        )
