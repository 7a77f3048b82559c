"""The digital phantom: labels, scans and their ground truth."""


rule make_phantom_labels:
    """Sample the phantom's labels, latent variables and true probabilities."""
    output:
        labels="results/cohorts/<cohort>/labels.csv",
        truth="results/cohorts/<cohort>/truth.csv",
    log:
        "results/cohorts/<cohort>/logs/make_phantom_labels.log",
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.phantom("cases", "size_sensitivity"),
        options=cohort.phantom(*cohort.LATENT),
        seed=cohort.seed_for("phantom", "labels"),
        library=cohort.code("make_phantom_labels"),
    script:
        "../../workflow_scripts/make_phantom_labels.py"


rule make_phantom_case:
    """Simulate the scans of one phantom subject: four native series, segmentation and ground truth."""
    input:
        cohort_truth="results/cohorts/<cohort>/truth.csv",
        tissues="results/cohorts/<cohort>/template/tissues.nii",
        distances="results/cohorts/<cohort>/template/distances.nii",
    output:
        **cohort.series("images", "raw", ("t1", "t1ce", "t2", "flair", "segmentation")),
        truth="results/cohorts/<cohort>/raw/{case}/truth.json",
    log:
        "results/cohorts/<cohort>/logs/make_phantom_case/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.phantom(*cohort.SCANNED),
        seed=lambda wildcards: cohort.seed_of_case(wildcards.case),
        library=cohort.code("make_phantom_case"),
    script:
        "../../workflow_scripts/make_phantom_case.py"


rule measure_phantom_volumes:
    """Measure the true tumour volumes of all cases on the study's grid."""
    input:
        cohort_truth="results/cohorts/<cohort>/truth.csv",
        tissues="results/cohorts/<cohort>/template/tissues.nii",
        distances="results/cohorts/<cohort>/template/distances.nii",
        template="results/cohorts/<cohort>/template/brain_mask.nii.gz",
    output:
        table="results/cohorts/<cohort>/true_volumes.csv",
    log:
        "results/cohorts/<cohort>/logs/measure_phantom_volumes.log",
    conda:
        "../../envs/imaging.yaml"
    params:
        seeds={case: cohort.seed_of_case(case) for case in cohort.cases},
        options=cohort.grid_options,
        library=cohort.code("measure_phantom_volumes"),
    script:
        "../../workflow_scripts/measure_phantom_volumes.py"
