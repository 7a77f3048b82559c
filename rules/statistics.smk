"""From the tables of all cells to one long table each of measures and of tests."""

if PUBLISHED:

    rule import_predictions:
        """Turn the predictions of a published model into the table of one cell."""
        input:
            predictions=config["predictions"]["path"],
        output:
            classification="results/studies/{study}/{network}/dropout-0.00/passes-001/classification.csv",
        log:
            "results/studies/{study}/logs/import_predictions/{network}.log",
        params:
            columns=config["predictions"]["columns"],
            library=fingerprint("import_predictions.py"),
        conda:
            "../envs/statistics.yaml"
        script:
            "../workflow_scripts/import_predictions.py"


rule measure_classification:
    """Measure calibration, discrimination and uncertainty of every cell, with intervals."""
    input:
        cells=classification_cells,
    output:
        table="results/studies/{study}/statistics/classification.csv",
    log:
        "results/studies/{study}/logs/measure_classification.log",
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        interval=config["statistics"]["interval"],
        ece_bins=config["statistics"]["ece_bins"],
        auc_average=config["statistics"]["auc_average"],
        library=fingerprint("measure_classification.py"),
    conda:
        "../envs/statistics.yaml"
    script:
        "../workflow_scripts/measure_classification.py"


rule measure_segmentation:
    """Measure overlap, uncertainty and how the two go together in every cell, with intervals."""
    input:
        cells=segmentation_cells,
    output:
        table="results/studies/{study}/statistics/segmentation.csv",
    log:
        "results/studies/{study}/logs/measure_segmentation.log",
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        interval=config["statistics"]["interval"],
        library=fingerprint("measure_segmentation.py"),
    conda:
        "../envs/statistics.yaml"
    script:
        "../workflow_scripts/measure_segmentation.py"


rule compare_ranks:
    """Compare the uncertainty of wrong and right cases in every cell."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
    output:
        table="results/studies/{study}/statistics/rank_tests.csv",
    log:
        "results/studies/{study}/logs/compare_ranks.log",
    params:
        dice_threshold=config["statistics"]["dice_threshold"],
        library=fingerprint("compare_ranks.py"),
    conda:
        "../envs/statistics.yaml"
    script:
        "../workflow_scripts/compare_ranks.py"
