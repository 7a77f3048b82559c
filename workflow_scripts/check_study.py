"""Say what a study from somebody else would do, without running any of it: `make check-study`.

    python workflow_scripts/check_study.py study.yaml [another.yaml ...]

Exits with 1 and one sentence where the study could run code, or names what no study may.
"""

import sys

from glioma_uq.configuration.studies_of_others import in_words
from glioma_uq.errors import BadInput

if __name__ == "__main__":
    try:
        if not any(sys.argv[1:]):
            raise BadInput("expected the file of a study, found none: make check-study STUDY=file")
        print(*in_words(sys.argv[1:]), sep="\n")
    except BadInput as error:
        sys.exit(str(error))
