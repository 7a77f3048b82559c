"""glioma-uq: how far can a glioma network's own doubt be trusted?

cases ─► register ─► correct bias ─► strip skull ─► normalise ─► folds
                                                                   │
      figures, report ◄─ statistics ◄─ cells ◄─ samples ◄─ train ◄─┘
"""


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/common.smk"


# Literal in every path: a wildcard there would have every file tried against every rule.
pathvars:
    cohort=COHORT,


wildcard_constraints:
    study="[A-Za-z0-9_-]+",
    network="[a-z0-9-]+",
    case="[^/]+",
    modality="[a-z0-9]+",
    rate=r"\d\.\d\d",
    fold=r"\d+",
    seed=r"\d+",
    passes=r"\d\d\d+",


rule all:
    """Everything: the reports of the study and its cohort, with all that they show."""
    default_target: True
    input:
        f"results/studies/{STUDY}/report.html",
        lambda wildcards: FIGURE_FILES,
        [] if PUBLISHED else f"results/cohorts/{COHORT}/report.html",


if PUBLISHED:

    include: "rules/predictions.smk"

else:

    include: "rules/phantom.smk"
    include: "rules/sources.smk"
    include: "rules/dicom.smk"
    include: "rules/preprocessing.smk"
    include: "rules/cohort_report.smk"
    include: "rules/training.smk"
    include: "rules/sampling.smk"
    include: "rules/small_tumours.smk"


include: "rules/statistics.smk"
include: "rules/figures.smk"
include: "rules/report.smk"
