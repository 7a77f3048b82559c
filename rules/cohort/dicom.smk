"""DICOM, on disk or from an archive: conversion to one volume for each series."""


rule convert_case:
    """Find T1, T1CE, T2 and FLAIR in the DICOM of one case and write each as one volume."""
    input:
        **cohort.downloads,
        depends_on=lambda wildcards: ancient(cohort.dicom_of(wildcards.case)),
        reviewed=(ancient(cohort.chosen_series) if cohort.is_archived or cohort.reviewed else []),
    output:
        **cohort.series("images", "converted", cohort.modalities),
        **cohort.series("sidecars", "converted", cohort.modalities, ending="json"),
        series="results/cohorts/<cohort>/converted/{case}/series.csv",
        quality="results/cohorts/<cohort>/quality/{case}/convert_case.csv",
    log:
        "results/cohorts/<cohort>/logs/convert_case/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/downloads.yaml"
    params:
        **cohort.of_step("convert_case"),
        folder=lambda wildcards: cohort.dicom_folder(wildcards.case),
        follow_links=cohort.config["follow_links"],
        rules=cohort.options["series_rules"],
        modalities=cohort.modalities,
        may_lack=cohort.may_lack,
        depends_on=cohort.contents_of_dicom,
    script:
        "../../workflow_scripts/convert_case.py"
