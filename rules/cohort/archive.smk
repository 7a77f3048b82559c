"""DICOM in an archive: selection and download of series."""


# The nodes of a cluster often have no internet access.
localrules:
    select_series,
    download_series,


rule select_series:
    """Identify T1, T1CE, T2 and FLAIR of each case among the series of the collection, with reasons."""
    output:
        series="results/cohorts/<cohort>/series.csv",
    log:
        "results/cohorts/<cohort>/logs/select_series.log",
    conda:
        "../../envs/downloads.yaml"
    params:
        source=cohort.source,
        options=cohort.options,
        cases=cohort.cases,
        modalities=cohort.modalities,
        library=cohort.code("select_series"),
    script:
        "../../workflow_scripts/select_series.py"


rule download_series:
    """Download the selected series of one case and check every file."""
    input:
        series=ancient(cohort.chosen_series) if cohort.reviewed else cohort.chosen_series,
    output:
        files="results/cohorts/<cohort>/downloaded/{case}/files.csv",
        quality="results/cohorts/<cohort>/quality/{case}/download_series.csv",
    log:
        "results/cohorts/<cohort>/logs/download_series/{case}.log",
    conda:
        "../../envs/downloads.yaml"
    resources:
        downloads=1,
    params:
        source=cohort.source,
        options=cohort.options,
        modalities=cohort.modalities,
        may_lack=cohort.may_lack,
        on_bad_case=cohort.on_bad_case,
        depends_on=cohort.reviewed_lines,
        library=cohort.code("download_series"),
    script:
        "../../workflow_scripts/download_series.py"
