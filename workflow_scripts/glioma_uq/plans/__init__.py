"""What a run produces, computed from its config before Snakemake plans any job.

cohort   from native scans to normalised volumes: `CohortPlan`, read by rules/cohort
study    from volumes or predictions to the report: `StudyPlan`, read by rules/study

Rule files share these two objects and no other names, so none can overwrite a name that another
reads. A plan is plain Python and is tested without Snakemake.
"""

import gc
import hashlib
from contextlib import contextmanager
from pathlib import Path

from glioma_uq.configuration import preflight
from glioma_uq.configuration.documents import read_yaml
from glioma_uq.configuration.paths import check_commands
from glioma_uq.configuration.schema import check_config
from glioma_uq.environment import check_names_readable
from glioma_uq.errors import BadInput
from glioma_uq.plans.cohort import CohortPlan
from glioma_uq.plans.study import StudyPlan

__all__ = [
    "CohortPlan",
    "StudyPlan",
    "check_commands",
    "in_one_sentence",
    "make_plans",
    "record_start",
    "templates",
]

TEMPLATES = Path(__file__).parents[1] / "report"
SHARED_TEMPLATES = ("base.html.jinja", "parts.html.jinja", "sorting.js", "tables.js")


@contextmanager
def in_one_sentence():
    """End the run with the sentence of a BadInput that the enclosed work raises, and with no more.

    Snakemake would put the place in its Snakefile before it and the traceback behind.
    """
    from snakemake.logging import logger  # tests of plans do without Snakemake
    from snakemake_interface_logger_plugins.common import LogEvent

    try:
        yield
    except BadInput as error:
        logger.debug("Traceback of the sentence:", exc_info=True)
        logger.error(str(error), extra={"event": LogEvent.ERROR, "exception": "BadInput"})
        raise SystemExit(1) from None


def make_plans(config, first=True, on_cluster=False, files=()):
    """Check `config`, fill its defaults in, and return (CohortPlan or None, StudyPlan or None).

    Args:
        config: a study's config, or that of a cohort alone; it is completed in place.
        first: whether this is the planning process; its jobs need not check the results of
            earlier runs again.
        on_cluster: whether jobs are submitted to other machines.
        files: that `config` was read from, of which a key that stands twice lost the first.
    """
    for path in files if first else ():
        read_yaml(Path(path))
    # The plan has millions of small objects that are never freed: repeated garbage collection
    # takes a tenth of the planning time.
    gc.freeze()
    gc.set_threshold(500_000)
    check_config(config)
    if first:
        preflight.check_results(config)
    cohort = CohortPlan(config, on_cluster) if config["cohort"] else None
    study = StudyPlan(config, cohort, on_cluster) if config["study"] else None
    if first and cohort:
        check_names_readable([*cohort.cases, *cohort.places.values()])
    return cohort, study


def record_start(cohort, study):
    """Before the first job, run the checks that planning does without, and claim the name.

    Those that are slow, and of the scans, which a plan can do without; either plan may be None.
    """
    if cohort is not None:
        preflight.check_places(cohort.places)
        if cohort.reads_images:
            preflight.check_some_found(cohort.cases, cohort.images, cohort.parts, cohort.origin)
    if study is not None:
        preflight.check_networks_build(study.config)
        preflight.claim_name(study.config)


def templates(*names):
    """Return a hash of a page's templates and of those that all pages share.

    Fingerprints cover Python only; template paths as inputs would change with the checkout.
    """
    digest = hashlib.sha256()
    for name in (*names, *SHARED_TEMPLATES):
        digest.update((TEMPLATES / name).read_bytes())
    return digest.hexdigest()[:16]
