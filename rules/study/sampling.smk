"""From trained networks to the table of every (p, T) cell."""


rule sample_network:
    """Sample the predictions of every test case and record their uncertainty."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        folds="results/studies/<study>/folds.csv",
        models=study.models_of,
    output:
        probabilities="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/probabilities.csv",
        segmentation="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/segmentation.csv",
        voxels="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/voxels.csv",
        maps=directory(
            "results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/maps"
        ),
    log:
        "results/studies/<study>/logs/sample_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/<study>/benchmarks/sample_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    wildcard_constraints:
        network="|".join(study.sampled),
        seed=rf"\d+|{study.ALL_SEEDS}",
    conda:
        "../../envs/training.yaml"
    params:
        **study.sampled_with(),
        # Not an output, so that Snakemake keeps the cases of an interrupted run.
        case_files=f"{study.folder}/{{network}}/dropout-{{rate}}/fold-{{fold}}/seed-{{seed}}/samples/cases",
        split="test",
        modalities=study.modalities,
        network=lambda wildcards: study.sampled[wildcards.network][0],
        sampler=lambda wildcards: study.sampled[wildcards.network][1],
        options=lambda wildcards: study.options_of(study.sampled[wildcards.network][0]),
        tasks=study.tasks,
        classes=study.classes,
        seed=lambda wildcards: study.seed_for("sample", study.name, *wildcards),
        library=study.code_of_network("sample_network.py"),
    script:
        "../../workflow_scripts/sample_network.py"


use rule sample_network as sample_validation with:
    """Sample the predictions of every validation case, for cell selection and recalibration."""
    output:
        probabilities="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/probabilities.csv",
        segmentation="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/segmentation.csv",
        voxels="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/voxels.csv",
        maps=directory(
            "results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/maps"
        ),
    log:
        "results/studies/<study>/logs/sample_validation/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/<study>/benchmarks/sample_validation/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    params:
        split="validation",
        mapped=[],


rule gather_cells:
    """Write a table for every number of passes T, with one row for each case of all folds."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        probabilities=study.samples("probabilities.csv"),
        segmentation=study.samples("segmentation.csv"),
        voxels=study.samples("voxels.csv"),
    output:
        cells_of_classes=study.tables_of_cell("classification"),
        cells_of_regions=study.tables_of_cell("segmentation"),
        cells_of_voxels=study.tables_of_cell("voxels"),
    log:
        "results/studies/<study>/logs/gather_cells/{network}_dropout-{rate}.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        folds=study.folds_of_samples,
        seeds=study.seeds_of_samples,
        passes=study.config["sampling"]["passes"],
        independent=lambda wildcards: study.sampled[wildcards.network][1] == "mc-dropout",
        library=fingerprint("gather_cells.py"),
    script:
        "../../workflow_scripts/gather_cells.py"


use rule gather_cells as gather_validation with:
    """Write the same tables for the validation cases."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        probabilities=study.samples("validation/probabilities.csv"),
        segmentation=study.samples("validation/segmentation.csv"),
        voxels=study.samples("validation/voxels.csv"),
    output:
        cells_of_classes=study.tables_of_cell("validation"),
        cells_of_regions=study.tables_of_cell("validation_segmentation"),
        cells_of_voxels=study.tables_of_cell("validation_voxels"),
    log:
        "results/studies/<study>/logs/gather_validation/{network}_dropout-{rate}.log",


rule measure_overlap:
    """Compare the predicted regions of every case with the reference, by voxel and by lesion."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        splits="results/studies/<study>/folds.csv",
        maps=study.samples("maps"),
    output:
        overlap="results/studies/<study>/{network}/dropout-{rate}/passes-{passes}/overlap.csv",
        lesions="results/studies/<study>/{network}/dropout-{rate}/passes-{passes}/lesions.csv",
    log:
        "results/studies/<study>/logs/measure_overlap/{network}_dropout-{rate}_passes-{passes}.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        folds=study.folds_of_samples,
        seeds=study.seeds_of_samples,
        regions=study.regions,
        library=fingerprint("measure_overlap.py"),
    script:
        "../../workflow_scripts/measure_overlap.py"
