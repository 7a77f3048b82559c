"""From the steps' rows to the tables of a cohort, its quality sheets and one page about it."""

SHEETS_A_JOB = 50  # some ten seconds at 6 mm and a minute at 1 mm
SHEETS = [f"{IN_COHORT}/figures/{case}.png" for case in CASES]
ROWS = f"{IN_COHORT}/quality/{{case}}/{{step}}.csv"


rule collect_cohort:
    """Say who takes part in a cohort, who does not and why, and what was measured on the way."""
    input:
        labels="results/cohorts/<cohort>/labels.csv",
        quality=expand(ROWS, case=CASES, step=CASE_STEPS),
    output:
        cases="results/cohorts/<cohort>/cases.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
        quality="results/cohorts/<cohort>/quality.csv",
    log:
        "results/cohorts/<cohort>/logs/collect_cohort.log",
    conda:
        "../envs/imaging.yaml"
    params:
        library=fingerprint("collect_cohort.py"),
    script:
        "../workflow_scripts/collect_cohort.py"


for part, start in enumerate(range(0, len(CASES), SHEETS_A_JOB), start=1):
    SOME = CASES[start : start + SHEETS_A_JOB]

    rule:
        """Draw the quality sheets of some cases: what to look at before anything is believed."""
        name:
            f"draw_quality_sheets_{part}"
        input:
            # The last that a case goes through stands for all: a plan of every file takes long.
            normalised=expand(ROWS, case=SOME, step=CASE_STEPS[-1]),
            template="results/cohorts/<cohort>/template/brain_mask.nii.gz",
        output:
            expand("results/cohorts/<cohort>/figures/{case}.png", case=SOME),
        log:
            f"results/cohorts/<cohort>/logs/draw_quality_sheets/{part}.log",
        conda:
            "../envs/imaging.yaml"
        params:
            cases=SOME,
            modalities=MODALITIES,
            steps=CASE_STEPS,
            cohort=f"results/cohorts/{COHORT}",
            library=fingerprint("draw_quality_sheets.py"),
        script:
            "../workflow_scripts/draw_quality_sheets.py"


rule draw_quality_figures:
    """Draw every quality figure of a cohort over its cases, with the limits."""
    input:
        quality="results/cohorts/<cohort>/quality.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
    output:
        **{kind: f"{IN_COHORT}/quality_figures.{kind}" for kind in ("pdf", "png", "csv")},
    log:
        "results/cohorts/<cohort>/logs/draw_quality_figures.log",
    conda:
        "../envs/statistics.yaml"
    params:
        limits=PREPROCESSING["quality"]["limits"],
        library=fingerprint("draw_quality_figures.py"),
    script:
        "../workflow_scripts/draw_quality_figures.py"


rule make_cohort_report:
    """Write the cohort's report: who takes part, what each step measured, and every sheet."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
        quality="results/cohorts/<cohort>/quality.csv",
        figure="results/cohorts/<cohort>/quality_figures.png",
        sheets=SHEETS,
        template=f"{TEMPLATES}/cohort.html.jinja",
        shared=[*SHARED_TEMPLATES, f"{TEMPLATES}/overview.html.jinja"],
    output:
        report="results/cohorts/<cohort>/report.html",
    log:
        "results/cohorts/<cohort>/logs/make_cohort_report.log",
    conda:
        "../envs/statistics.yaml"
    params:
        cohort=COHORT,
        limits=PREPROCESSING["quality"]["limits"],
        library=fingerprint("make_cohort_report.py"),
    script:
        "../workflow_scripts/make_cohort_report.py"
