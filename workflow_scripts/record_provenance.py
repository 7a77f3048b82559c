"""Write down what the study's results were made from."""

import json

from glioma_uq.files import written_whole
from glioma_uq.logs import log_to
from glioma_uq.provenance import describe


def main(*, inputs, config, seed, output):
    with written_whole(output) as path:
        path.write_text(json.dumps(describe(config, inputs, seed), indent=2) + "\n")


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            inputs=snakemake.input,
            config=snakemake.params.config,
            seed=snakemake.params.seed,
            output=snakemake.output.provenance,
        )
