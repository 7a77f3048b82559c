"""glioma-uq: how far can a glioma network's uncertainty be trusted?

cohort: scans ─► register ─► correct bias ─► strip skull ─► normalise ─► volumes.csv
                                                                             │
study:  folds ─► train ─► samples ─► cells ─► statistics ─► figures, report ◄┘
"""

import sys

sys.path.insert(0, f"{workflow.basedir}/workflow_scripts")

from glioma_uq.environment import shield_jobs
from glioma_uq.fingerprints import fingerprint
from glioma_uq.plans import check_commands, in_one_sentence, make_plans, record_start, templates

shield_jobs(workflow.is_main_process)

# Without a config file the demo runs; any other study starts from the schema's defaults.
if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config.yaml"


# All that rule files share: a cohort's rules read `cohort`, a study's rules both; None if absent.
with in_one_sentence():
    cohort, study = make_plans(
        config,
        workflow.is_main_process,
        workflow.resource_settings.nodes is not None,  # the executor is not known yet
        workflow.overwrite_configfiles or [f"{workflow.basedir}/config.yaml"],
    )


# Constant in every path: with a wildcard Snakemake would match every file against every rule.
pathvars:
    cohort=cohort.name if cohort else "none",
    study=study.name if study else "none",


wildcard_constraints:
    network="[a-z0-9-]+",
    case="[^/]+",
    rate=r"\d\.\d\d",
    fold=r"\d+",
    seed=r"\d+",
    passes=r"\d\d\d+",


rule all:
    """Make the reports of the cohort and of the study, with all that they show."""
    default_target: True
    input:
        cohort.targets if cohort else [],
        study.targets if study else [],


onstart:
    with in_one_sentence():
        check_commands(config, workflow)
        record_start(cohort, study)


if cohort:

    include: "rules/cohort/cohort.smk"


if study:

    include: "rules/study/study.smk"
