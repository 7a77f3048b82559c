"""Record how the study's results were made."""

import json

from glioma_uq.files import written_whole
from glioma_uq.provenance import describe
from glioma_uq.steps import run


def main(*, inputs, config, seed, output):
    with written_whole(output) as path:
        path.write_text(json.dumps(describe(config, inputs, seed), indent=2) + "\n")


if __name__ == "__main__":
    run(main, snakemake)
