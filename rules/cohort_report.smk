"""From a cohort's tables to one page, before or without any study."""


rule make_cohort_report:
    """Write the cohort's report: who takes part, what each step measured, and some overlays."""
    input:
        cases="results/cohorts/{cohort}/cases.csv",
        excluded="results/cohorts/{cohort}/excluded.csv",
        quality="results/cohorts/{cohort}/quality.csv",
        overlays=OVERLAYS,
        template=f"{TEMPLATES}/cohort.html.jinja",
        shared=SHARED_TEMPLATES,
    output:
        report="results/cohorts/{cohort}/report.html",
    log:
        "results/cohorts/{cohort}/logs/make_cohort_report.log",
    conda:
        "../envs/statistics.yaml"
    params:
        library=fingerprint("make_cohort_report.py"),
    script:
        "../workflow_scripts/make_cohort_report.py"
