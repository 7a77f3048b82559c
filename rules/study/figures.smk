"""From tables to figures: each rule names the inputs of its module in glioma_uq.figures."""


rule draw_figure:
    """Draw a figure as PDF and PNG, and write the table that it shows."""
    output:
        pdf="results/studies/<study>/figures/{figure}.pdf",
        png="results/studies/<study>/figures/{figure}.png",
        csv="results/studies/<study>/figures/{figure}.csv",
    log:
        "results/studies/<study>/logs/draw_{figure}.log",
    wildcard_constraints:
        figure="(?!)",  # matches nothing: each rule below sets its own
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        network=study.network,
        networks=list(study.sampled),
        level=study.level,
        library=lambda wildcards: fingerprint(
            "draw_figure.py", also=f"glioma_uq/figures/{wildcards.figure}.py"
        ),
    script:
        "../../workflow_scripts/draw_figure.py"


use rule draw_figure as draw_uncertainty_by_passes with:
    input:
        classification="results/studies/<study>/statistics/classification.csv",
        segmentation=study.table("segmentation"),
    wildcard_constraints:
        figure="uncertainty_by_passes",
    params:
        tolerance=study.config["selection"]["tolerance"],


use rule draw_figure as draw_calibration_by_rate with:
    input:
        classification="results/studies/<study>/statistics/classification.csv",
        posterior_truth=study.table("posterior_truth"),
        by_seed=study.table("by_seed"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="calibration_by_rate",


use rule draw_figure as draw_segmentation_quality with:
    input:
        segmentation=study.table("segmentation"),
    wildcard_constraints:
        figure="segmentation_quality",


use rule draw_figure as draw_uncertainty_by_correctness with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        ranks="results/studies/<study>/statistics/rank_tests.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="uncertainty_by_correctness",
    params:
        dice_threshold=study.config["statistics"]["dice_threshold"],


use rule draw_figure as draw_reliability with:
    input:
        reliability="results/studies/<study>/statistics/reliability.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="reliability",


use rule draw_figure as draw_risk_coverage with:
    input:
        risk_coverage="results/studies/<study>/statistics/risk_coverage.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="risk_coverage",


use rule draw_figure as draw_uncertainty_shares with:
    input:
        classification="results/studies/<study>/statistics/classification.csv",
        segmentation=study.table("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="uncertainty_shares",


use rule draw_figure as draw_rate_differences with:
    input:
        differences="results/studies/<study>/statistics/differences.csv",
    wildcard_constraints:
        figure="rate_differences",


use rule draw_figure as draw_posterior_truth with:
    input:
        classification=study.cells("classification"),
        truth="results/cohorts/<cohort>/truth.csv",
        measures="results/studies/<study>/statistics/posterior_truth.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="posterior_truth",


use rule draw_figure as draw_case_gallery with:
    input:
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
        maps=study.maps,
        volumes="results/cohorts/<cohort>/volumes.csv",
    wildcard_constraints:
        figure="case_gallery",
    params:
        mapped=study.config["sampling"]["maps"],
        modalities=study.modalities,
        cases_shown=study.config["report"]["gallery"],
        classes=study.classes,


use rule draw_figure as draw_learning_curves with:
    input:
        curves=study.runs("learning_curve.csv"),
    wildcard_constraints:
        figure="learning_curves",
    params:
        network=study.trained if study.tasks else None,
        weights=study.config["training"]["weights"],


use rule draw_figure as draw_tumour_volumes with:
    input:
        overlap=lambda wildcards: study.mapped_cells("overlap")[0],
    wildcard_constraints:
        figure="tumour_volumes",


use rule draw_figure as draw_segmentation_gallery with:
    input:
        overlap=study.mapped_cells("overlap"),
        selection="results/studies/<study>/statistics/selection.csv",
        maps=study.label_maps,
        volumes="results/cohorts/<cohort>/volumes.csv",
    wildcard_constraints:
        figure="segmentation_gallery",
    params:
        modalities=study.modalities,
        cases_shown=study.config["report"]["gallery"],


use rule draw_figure as draw_dice_by_size with:
    input:
        overlap=study.mapped_cells("overlap"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="dice_by_size",
    params:
        seed=study.seed,
        intervals=study.intervals,


use rule draw_figure as draw_froc with:
    input:
        curves="results/studies/<study>/statistics/froc.csv",
        lesions="results/studies/<study>/statistics/lesions.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="froc",


use rule draw_figure as draw_uncertainty_by_size with:
    input:
        measures="results/studies/<study>/statistics/uncertainty_by_size.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="uncertainty_by_size",


use rule draw_figure as draw_size_sensitivity with:
    input:
        measures="results/studies/<study>/statistics/size_sensitivity.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        figure="size_sensitivity",
