"""From the tables of all cells to one long table each of measures and of tests."""


rule measure_classification:
    """Measure calibration, discrimination and uncertainty of every cell, with intervals."""
    input:
        cells=classification_cells,
    output:
        table="results/studies/{study}/statistics/classification.csv",
    log:
        "results/studies/{study}/logs/measure_classification.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        interval=config["statistics"]["interval"],
        ece_bins=config["statistics"]["ece_bins"],
        auc_average=config["statistics"]["auc_average"],
        library=fingerprint("measure_classification.py"),
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
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        interval=config["statistics"]["interval"],
        library=fingerprint("measure_segmentation.py"),
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
    conda:
        "../envs/statistics.yaml"
    params:
        dice_threshold=config["statistics"]["dice_threshold"],
        library=fingerprint("compare_ranks.py"),
    script:
        "../workflow_scripts/compare_ranks.py"
