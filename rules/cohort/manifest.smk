"""From quality records to the manifest that studies read, the quality sheets and a report."""


rule collect_cohort:
    """Write the manifest of a cohort: the included cases, with the checksum of every volume."""
    input:
        labels="results/cohorts/<cohort>/labels.csv",
        quality=cohort.records(),
    output:
        volumes="results/cohorts/<cohort>/volumes.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
        metrics="results/cohorts/<cohort>/quality.csv",
    log:
        "results/cohorts/<cohort>/logs/collect_cohort.log",
    conda:
        "../../envs/imaging.yaml"
    params:
        on_bad_case=cohort.on_bad_case,
        on_own_grid=cohort.on_own_grid,
        library=cohort.code("collect_cohort"),
    script:
        "../../workflow_scripts/collect_cohort.py"


for number, cases in cohort.batches().items():

    rule:
        """Draw the quality sheets of some cases, for inspection before any result is used."""
        name:
            f"draw_quality_sheets_{number}"
        input:
            **cohort.sheet_template(),
            # The last step implies the others; listing every file would slow planning. Its record
            # has the checksums of the volumes.
            depends_on=[
                f"results/cohorts/<cohort>/normalised/{case}/normalise_case.csv" for case in cases
            ],
        output:
            pictures=cohort.sheets(cases),
        log:
            f"results/cohorts/<cohort>/logs/draw_quality_sheets/{number}.log",
        conda:
            "../../envs/imaging.yaml"
        params:
            cases=cases,
            modalities=cohort.modalities,
            steps=cohort.steps,
            cohort=cohort.folder,
            library=cohort.code("draw_quality_sheets"),
        script:
            "../../workflow_scripts/draw_quality_sheets.py"


rule draw_quality_metrics:
    """Plot every quality metric over the cases of a cohort, with the limits."""
    input:
        quality="results/cohorts/<cohort>/quality.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
    output:
        pdf="results/cohorts/<cohort>/quality_metrics.pdf",
        png="results/cohorts/<cohort>/quality_metrics.png",
        csv="results/cohorts/<cohort>/quality_metrics.csv",
    log:
        "results/cohorts/<cohort>/logs/draw_quality_metrics.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        figure="quality_metrics",
        limits=cohort.limits,
        library=fingerprint("draw_figure.py", also="glioma_uq/figures/quality_metrics.py"),
    script:
        "../../workflow_scripts/draw_figure.py"


rule make_cohort_report:
    """Write the cohort's report: included cases, quality metrics and every quality sheet."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        excluded="results/cohorts/<cohort>/excluded.csv",
        quality="results/cohorts/<cohort>/quality.csv",
        figure="results/cohorts/<cohort>/quality_metrics.png",
        sheets=cohort.sheets(),
    output:
        report="results/cohorts/<cohort>/report.html",
    log:
        "results/cohorts/<cohort>/logs/make_cohort_report.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        cohort=cohort.name,
        limits=cohort.limits,
        datasets=cohort.cited,
        depends_on=templates("cohort.html.jinja", "overview.html.jinja"),
        library=fingerprint("make_cohort_report.py", also="glioma_uq/figures/quality_metrics.py"),
    script:
        "../../workflow_scripts/make_cohort_report.py"
