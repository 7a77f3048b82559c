"""From the tables of all cells to long tables of measures, tests, curves and findings."""

ECE = {name: config["statistics"][f"ece_{name}"] for name in ("bins", "binning", "norm")}
PUBLISHED_CELL = {"rule": "fixed", "rate": 0.0, "passes": 1}
SELECT_BY = config["selection"] | (PUBLISHED_CELL if PUBLISHED else {})


def validation_cells(table):
    """Return `table` of the validation cases at every cell."""
    return over_grid(f"{CELL}/{table}", SAMPLED)


def cells_to_choose_by(kind):
    """Return the tables of the first network by which p and T are chosen, of a kind of measures."""
    if (PUBLISHED and kind == "segmentation") or (not TASKS and kind == "classification"):
        return []
    on_test = SELECT_BY["rule"] in ("fixed", "paper")
    of_validation = {"classification": "validation", "segmentation": "validation_segmentation"}
    return over_grid(f"{CELL}/{kind if on_test else of_validation[kind]}.csv", [NETWORK])


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
        ece=ECE,
        auc_average=config["statistics"]["auc_average"],
        library=fingerprint("measure_classification.py"),
    script:
        "../workflow_scripts/measure_classification.py"


rule measure_segmentation:
    """Measure overlap, uncertainty and how the two go together in every cell, with intervals."""
    input:
        cells=segmentation_cells,
        voxels=voxel_cells,
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
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("compare_ranks.py"),
    script:
        "../workflow_scripts/compare_ranks.py"


rule select_cell:
    """Choose dropout rate and passes T by the study's rule, and say by what."""
    input:
        classification=cells_to_choose_by("classification"),
        segmentation=cells_to_choose_by("segmentation"),
    output:
        table="results/studies/{study}/statistics/selection.csv",
    log:
        "results/studies/{study}/logs/select_cell.log",
    conda:
        "../envs/statistics.yaml"
    params:
        selection=SELECT_BY,
        ece=ECE,
        library=fingerprint("select_cell.py"),
    script:
        "../workflow_scripts/select_cell.py"


rule compare_rates:
    """Compare every dropout rate with the chosen one, case by case, with intervals."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/differences.csv",
    log:
        "results/studies/{study}/logs/compare_rates.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        intervals=INTERVALS,
        ece=ECE,
        auc_average=config["statistics"]["auc_average"],
        library=fingerprint("compare_rates.py"),
    script:
        "../workflow_scripts/compare_rates.py"


rule measure_subgroups:
    """Measure the chosen cell for the cases of each source and of each third of tumour sizes."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/subgroups.csv",
    log:
        "results/studies/{study}/logs/measure_subgroups.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        seed=config["seed"],
        intervals=INTERVALS,
        ece=ECE,
        auc_average=config["statistics"]["auc_average"],
        library=fingerprint("measure_subgroups.py"),
    script:
        "../workflow_scripts/measure_subgroups.py"


rule measure_reliability:
    """Measure how often the predicted class is true at each confidence."""
    input:
        cells=classification_cells,
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/reliability.csv",
    log:
        "results/studies/{study}/logs/measure_reliability.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        ece=ECE,
        library=fingerprint("measure_reliability.py"),
    script:
        "../workflow_scripts/measure_reliability.py"


rule measure_risk_coverage:
    """Measure what is gained by leaving the most uncertain cases out, at every coverage."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/risk_coverage.csv",
    log:
        "results/studies/{study}/logs/measure_risk_coverage.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        resamples=config["statistics"]["resamples"],
        level=config["statistics"]["level"],
        library=fingerprint("measure_risk_coverage.py"),
    script:
        "../workflow_scripts/measure_risk_coverage.py"


rule recalibrate_cells:
    """Mend probabilities on validation cases and measure them beside the raw ones."""
    input:
        cells=classification_cells,
        validation=validation_cells("validation.csv"),
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/recalibration.csv",
    log:
        "results/studies/{study}/logs/recalibrate_cells.log",
    conda:
        "../envs/statistics.yaml"
    params:
        methods=config["statistics"]["recalibration"],
        seed=config["seed"],
        intervals=INTERVALS,
        ece=ECE,
        library=fingerprint("recalibrate_cells.py"),
    script:
        "../workflow_scripts/recalibrate_cells.py"


if config["statistics"]["conformal"]:

    rule measure_prediction_sets:
        """Measure prediction sets whose limits are from validation cases: coverage and size."""
        input:
            cells=classification_cells,
            validation=validation_cells("validation.csv"),
            selection="results/studies/{study}/statistics/selection.csv",
        output:
            table="results/studies/{study}/statistics/conformal.csv",
        log:
            "results/studies/{study}/logs/measure_prediction_sets.log",
        conda:
            "../envs/statistics.yaml"
        params:
            alpha=config["statistics"]["conformal"]["alpha"],
            class_conditional=config["statistics"]["conformal"]["class_conditional"],
            seed=config["seed"],
            intervals=INTERVALS,
            library=fingerprint("measure_prediction_sets.py"),
        script:
            "../workflow_scripts/measure_prediction_sets.py"


if config["statistics"]["mask_control"]:

    rule control_masks:
        """Set the tumour's threshold on validation cases so that little tumour is missed; measure it."""
        input:
            voxels=voxel_cells,
            validation=validation_cells("validation_voxels.csv"),
            selection="results/studies/{study}/statistics/selection.csv",
        output:
            table="results/studies/{study}/statistics/mask_control.csv",
        log:
            "results/studies/{study}/logs/control_masks.log",
        conda:
            "../envs/statistics.yaml"
        params:
            alpha=config["statistics"]["mask_control"]["alpha"],
            seed=config["seed"],
            intervals=INTERVALS,
            library=fingerprint("control_masks.py"),
        script:
            "../workflow_scripts/control_masks.py"


rule compare_with_truth:
    """Compare probabilities and uncertainty with the true posterior, which only the phantom has."""
    input:
        cells=classification_cells,
        truth="results/cohorts/<cohort>/truth.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/posterior_truth.csv",
    log:
        "results/studies/{study}/logs/compare_with_truth.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        intervals=INTERVALS,
        ece=ECE,
        library=fingerprint("compare_with_truth.py"),
    script:
        "../workflow_scripts/compare_with_truth.py"


rule judge_findings:
    """Judge each claim of the paper by the study's own numbers: seen, not seen or undecided."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        table="results/studies/{study}/statistics/findings.csv",
    log:
        "results/studies/{study}/logs/judge_findings.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        seed=config["seed"],
        intervals=INTERVALS,
        ece=ECE,
        auc_average=config["statistics"]["auc_average"],
        dice_threshold=config["statistics"]["dice_threshold"],
        tolerance=config["selection"]["tolerance"],
        library=fingerprint("judge_findings.py"),
    script:
        "../workflow_scripts/judge_findings.py"
