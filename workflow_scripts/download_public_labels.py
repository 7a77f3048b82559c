"""Download the public table of 627 glioma patients' molecular labels, checked by its hash.

    python workflow_scripts/download_public_labels.py [file]

The table belongs to van der Voort et al., Neuro-Oncology 2023, 10.1093/neuonc/noac166
(github.com/Svdvoort/PrognosAIs_glioma, Apache License 2.0).
"""

import sys

from glioma_uq.cohorts.transfer import download

URL = (
    "https://raw.githubusercontent.com/Svdvoort/PrognosAIs_glioma/"
    "2ade81a62e4e106e56d9382427fd7b3569650090/Supplementary_data/included_patient_labels.csv"
)
SHA256 = "7f30161d12a71d1dc4d832b5bae599de77c583418456ee744367690d9a527d13"
TABLE = "results/public/included_patient_labels.csv"


def main(*, table=TABLE, url=URL, sha256=SHA256, **options):
    """Write `table` unless it is there and right; `options` go to transfer.download."""
    download(url, table, sha256=sha256, **options)
    print(f"{table}: sha256 {sha256}")


if __name__ == "__main__":
    main(**({"table": sys.argv[1]} if len(sys.argv) > 1 else {}))
