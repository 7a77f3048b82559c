"""What a run makes, computed from its config before Snakemake plans a single job.

cohort   from native scans to normalised volumes: `CohortPlan`, asked by rules/cohort
study    from volumes or predictions to the report: `StudyPlan`, asked by rules/study

Rule files share these two objects and no other names, so that none can overwrite what another
one reads. A plan is plain Python: tests ask it without Snakemake.
"""

import gc
import hashlib
from pathlib import Path

from glioma_uq.configuration import preflight
from glioma_uq.configuration.schema import check_config
from glioma_uq.plans.cohort import CohortPlan
from glioma_uq.plans.study import StudyPlan

__all__ = ["CohortPlan", "StudyPlan", "make_plans", "record_start", "templates"]

TEMPLATES = Path(__file__).parents[1] / "report"
SHARED_TEMPLATES = ("base.html.jinja", "parts.html.jinja", "sorting.js", "tables.js")


def make_plans(config, first=True, on_cluster=False):
    """Check `config`, fill its defaults in, and return (CohortPlan or None, StudyPlan or None).

    Args:
        config: a study's config, or that of a cohort alone; it is completed in place.
        first: whether this is the process that plans, and not one of its jobs, which need not
            look at the results of earlier runs again.
        on_cluster: whether jobs are submitted to other machines.
    """
    # The plan is millions of small objects that live to the end: to walk them in search of
    # garbage again and again takes a tenth of its time.
    gc.freeze()
    gc.set_threshold(500_000)
    check_config(config)
    if first:
        preflight.check_results(config)
    cohort = CohortPlan(config, on_cluster) if config["cohort"] else None
    study = StudyPlan(config, cohort, on_cluster) if config["study"] else None
    return cohort, study


def record_start(study):
    """Check, before the first job, what takes too long for a mere plan, and claim the name."""
    if study is not None:
        preflight.check_networks_build(study.config)
        preflight.claim_name(study.config)


def templates(*names):
    """Return a hash of what a page's templates hold, with those that all pages share.

    Fingerprints see Python only; paths as inputs would differ in a checkout that was moved.
    """
    digest = hashlib.sha256()
    for name in (*names, *SHARED_TEMPLATES):
        digest.update((TEMPLATES / name).read_bytes())
    return digest.hexdigest()[:16]
