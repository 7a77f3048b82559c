"""DICOM, on disk or in an archive: which series are taken, their transfer and conversion."""

from pathlib import Path

from glioma_uq.cohorts import CONVERTED
from glioma_uq.quality.figures import limits_of_step

if config["cohort"]["source"] in CONVERTED:
    ARCHIVE = config["cohort"]["source"] != "dicom"
    DICOM = config["cohort"][config["cohort"]["source"]]
    REVIEWED = DICOM["series"]
    CHOSEN = REVIEWED or "results/cohorts/<cohort>/series.csv"
    CONVERTED_CASE = "results/cohorts/<cohort>/converted/{case}"
    REVIEWED_ROWS = {}
    if REVIEWED:
        from glioma_uq.cohorts.review import lines_by_case

        # Only a case whose own rows were edited is done again.
        REVIEWED_ROWS = lines_by_case(REVIEWED)

    def folder_of(case):
        """Return the folder of a case's DICOM."""
        if ARCHIVE:
            return f"results/cohorts/{COHORT}/downloaded/{case}"
        return f"{DICOM['path']}/{case}"

    def dicom_of(wildcards):
        """Return what a conversion waits for: a folder that is not there is the step's to report."""
        if ARCHIVE:
            return {"files": f"{folder_of(wildcards.case)}/files.csv"}
        folder = folder_of(wildcards.case)
        return {"dicom": folder} if Path(folder).is_dir() else {}

    rule convert_case:
        """Find T1, T1CE, T2 and FLAIR in the DICOM of one case and write each as one volume."""
        input:
            unpack(dicom_of),
            **({"reviewed": ancient(CHOSEN)} if ARCHIVE or REVIEWED else {}),
        output:
            **{name: f"{CONVERTED_CASE}/{name}.nii.gz" for name in MODALITIES},
            **{f"{name}_sidecar": f"{CONVERTED_CASE}/{name}.json" for name in MODALITIES},
            series=f"{CONVERTED_CASE}/series.csv",
            quality="results/cohorts/<cohort>/quality/{case}/convert_case.csv",
        log:
            "results/cohorts/<cohort>/logs/convert_case/{case}.log",
        conda:
            "../envs/downloads.yaml"
        params:
            folder=lambda wildcards: folder_of(wildcards.case),
            rules=DICOM["series_rules"],
            modalities=MODALITIES,
            limits=limits_of_step("convert_case", config["preprocessing"]["quality"]["limits"]),
            on_bad_case=config["cohort"]["on_bad_case"],
            reviewed=lambda wildcards: REVIEWED_ROWS.get(wildcards.case),
            library=fingerprint("convert_case.py"),
        script:
            "../workflow_scripts/convert_case.py"

    if ARCHIVE:

        # The nodes of a cluster often have no way out.
        localrules:
            select_series,
            download_series,

        rule select_series:
            """Say which series of the collection are T1, T1CE, T2 and FLAIR of each case, and why."""
            output:
                series="results/cohorts/<cohort>/series.csv",
            log:
                "results/cohorts/<cohort>/logs/select_series.log",
            conda:
                "../envs/downloads.yaml"
            params:
                source=config["cohort"]["source"],
                options=DICOM,
                cases=CASES,
                modalities=MODALITIES,
                library=fingerprint("select_series.py"),
            script:
                "../workflow_scripts/select_series.py"

        rule download_series:
            """Bring the chosen series of one case, each file whole and checked."""
            input:
                series=ancient(CHOSEN) if REVIEWED else CHOSEN,
            output:
                files="results/cohorts/<cohort>/downloaded/{case}/files.csv",
                quality="results/cohorts/<cohort>/quality/{case}/download_series.csv",
            log:
                "results/cohorts/<cohort>/logs/download_series/{case}.log",
            conda:
                "../envs/downloads.yaml"
            resources:
                downloads=1,
            params:
                source=config["cohort"]["source"],
                options=DICOM,
                modalities=MODALITIES,
                on_bad_case=config["cohort"]["on_bad_case"],
                reviewed=lambda wildcards: REVIEWED_ROWS.get(wildcards.case),
                library=fingerprint("download_series.py"),
            script:
                "../workflow_scripts/download_series.py"
