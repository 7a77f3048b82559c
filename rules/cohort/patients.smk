"""Cases of patients: checked before any other step, then converted to one layout."""


rule check_cohort:
    """Check every case before any other step, and report those that cannot be used."""
    input:
        # Their contents, not their dates, say whether the step runs again.
        depends_on=[
            ancient(path)
            for path in (
                *cohort.tables,
                *(path for images in cohort.images.values() for path in images),
            )
        ],
    output:
        labels="results/cohorts/<cohort>/labels.csv",
    log:
        "results/cohorts/<cohort>/logs/check_cohort.log",
    priority: 1  # first, since on_bad_case: stop is decided here
    conda:
        "../../envs/imaging.yaml"
    params:
        **(cohort.origin | cohort.listed),
        parts=cohort.parts,
        on_bad_case=cohort.on_bad_case,
        depends_on=lambda wildcards: cohort.contents,
        library=cohort.code_of_source("check_cohort", cohort.source),
    script:
        "../../workflow_scripts/check_cohort.py"


rule import_case:
    """Read one case and write it in one layout, orientation and label coding."""
    input:
        depends_on=lambda wildcards: (
            cohort.series("x", "converted", cohort.modalities).values()
            if cohort.is_converted
            else ancient(cohort.images[wildcards.case])
        ),
    output:
        **cohort.series("images", "raw", cohort.parts),
        quality="results/cohorts/<cohort>/quality/{case}/import_case.csv",
    log:
        "results/cohorts/<cohort>/logs/import_case/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.imported_from,
        **(
            cohort.of_step("import_case")
            | {"library": cohort.code_of_source("import_case", cohort.imported_from["source"])}
        ),
        modalities=cohort.modalities,
        depends_on=cohort.contents_of_images,
        coding=lambda wildcards: cohort.coding_of(wildcards.case),
    script:
        "../../workflow_scripts/import_case.py"
