"""From the tables of all cells to tables of measures, tests, curves and findings."""


rule measure_classification:
    """Measure calibration, discrimination and uncertainty of every cell, with intervals."""
    input:
        cells=study.cells("classification"),
    output:
        table="results/studies/<study>/statistics/classification.csv",
    log:
        "results/studies/<study>/logs/measure_classification.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        **study.measured,
        library=fingerprint("measure_classification.py"),
    script:
        "../../workflow_scripts/measure_classification.py"


rule measure_segmentation:
    """Measure overlap, uncertainty and their association in every cell, with intervals."""
    input:
        cells=study.cells("segmentation"),
        voxels=study.cells("voxels"),
    output:
        table="results/studies/<study>/statistics/segmentation.csv",
    log:
        "results/studies/<study>/logs/measure_segmentation.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        library=fingerprint("measure_segmentation.py"),
    script:
        "../../workflow_scripts/measure_segmentation.py"


rule compare_ranks:
    """Compare the uncertainty of incorrect and correct cases in every cell."""
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
    output:
        table="results/studies/<study>/statistics/rank_tests.csv",
    log:
        "results/studies/<study>/logs/compare_ranks.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        dice_threshold=study.config["statistics"]["dice_threshold"],
        library=fingerprint("compare_ranks.py"),
    script:
        "../../workflow_scripts/compare_ranks.py"


rule select_cell:
    """Select dropout rate and passes T by the study's rule, and record the reasons."""
    input:
        **study.selected_by,
    output:
        table="results/studies/<study>/statistics/selection.csv",
    log:
        "results/studies/<study>/logs/select_cell.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        selection=study.selection,
        ece=study.ece,
        library=fingerprint("select_cell.py"),
    script:
        "../../workflow_scripts/select_cell.py"


rule compare_rates:
    """Compare every dropout rate with the selected one, paired by case, with intervals."""
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/differences.csv",
    log:
        "results/studies/<study>/logs/compare_rates.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        **study.measured,
        library=fingerprint("compare_rates.py"),
    script:
        "../../workflow_scripts/compare_rates.py"


rule measure_subgroups:
    """Measure the selected cell by source and by tertile of tumour size."""
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/subgroups.csv",
    log:
        "results/studies/<study>/logs/measure_subgroups.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        **study.measured,
        network=study.network,
        library=fingerprint("measure_subgroups.py"),
    script:
        "../../workflow_scripts/measure_subgroups.py"


rule measure_reliability:
    """Measure how often the predicted class is correct at each confidence."""
    input:
        cells=study.cells("classification"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/reliability.csv",
    log:
        "results/studies/<study>/logs/measure_reliability.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        ece=study.ece,
        library=fingerprint("measure_reliability.py"),
    script:
        "../../workflow_scripts/measure_reliability.py"


rule measure_risk_coverage:
    """Measure risk when the most uncertain cases are rejected, at every coverage."""
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/risk_coverage.csv",
    log:
        "results/studies/<study>/logs/measure_risk_coverage.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        library=fingerprint("measure_risk_coverage.py"),
    script:
        "../../workflow_scripts/measure_risk_coverage.py"


rule recalibrate_cells:
    """Recalibrate probabilities on validation cases and measure them beside the raw ones."""
    input:
        cells=study.cells("classification"),
        validation=study.cells_of("validation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/recalibration.csv",
    log:
        "results/studies/<study>/logs/recalibrate_cells.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        methods=study.config["statistics"]["recalibration"],
        ece=study.ece,
        library=fingerprint("recalibrate_cells.py"),
    script:
        "../../workflow_scripts/recalibrate_cells.py"


rule measure_prediction_sets:
    """Measure conformal prediction sets, calibrated on validation cases: coverage and size."""
    input:
        cells=study.cells("classification"),
        validation=study.cells_of("validation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/conformal.csv",
    log:
        "results/studies/<study>/logs/measure_prediction_sets.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.fitted("conformal"),
        **study.estimation,
        library=fingerprint("measure_prediction_sets.py"),
    script:
        "../../workflow_scripts/measure_prediction_sets.py"


rule control_masks:
    """Set the tumour threshold on validation cases to limit missed tumour, and measure the result."""
    input:
        voxels=study.cells("voxels"),
        validation=study.cells_of("validation_voxels"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/mask_control.csv",
    log:
        "results/studies/<study>/logs/control_masks.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.fitted("mask_control"),
        **study.estimation,
        library=fingerprint("control_masks.py"),
    script:
        "../../workflow_scripts/control_masks.py"


rule compare_with_truth:
    """Compare probabilities and uncertainty with the true posterior, known for the phantom alone."""
    input:
        cells=study.cells("classification"),
        truth="results/cohorts/<cohort>/truth.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/posterior_truth.csv",
    log:
        "results/studies/<study>/logs/compare_with_truth.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        ece=study.ece,
        library=fingerprint("compare_with_truth.py"),
    script:
        "../../workflow_scripts/compare_with_truth.py"


rule judge_findings:
    """Judge each claim of the paper by the study's results: seen, not seen or undecided."""
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    output:
        table="results/studies/<study>/statistics/findings.csv",
    log:
        "results/studies/<study>/logs/judge_findings.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        **study.measured,
        network=study.network,
        dice_threshold=study.config["statistics"]["dice_threshold"],
        tolerance=study.config["selection"]["tolerance"],
        library=fingerprint("judge_findings.py"),
    script:
        "../../workflow_scripts/judge_findings.py"
