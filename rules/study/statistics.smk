"""From the tables of all cells to those of the study: each rule names what its module needs."""


rule make_table:
    """Compute one table of the study by its module in glioma_uq.study_tables."""
    output:
        table="results/studies/<study>/statistics/{table}.csv",
    log:
        "results/studies/<study>/logs/tabulate_{table}.log",
    wildcard_constraints:
        table="(?!)",  # matches nothing: each rule below sets its own
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        network=study.network,
        networks=list(study.sampled),
        library=lambda wildcards: fingerprint(
            "make_table.py", also=f"glioma_uq/study_tables/{wildcards.table}.py"
        ),
    script:
        "../../workflow_scripts/make_table.py"


use rule make_table as tabulate_classification with:
    input:
        cells=study.cells("classification"),
    wildcard_constraints:
        table="classification",
    params:
        **study.measured,


use rule make_table as tabulate_segmentation with:
    input:
        cells=study.cells("segmentation"),
        voxels=study.cells("voxels"),
    wildcard_constraints:
        table="segmentation",


use rule make_table as tabulate_rank_tests with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
    wildcard_constraints:
        table="rank_tests",
    params:
        dice_threshold=study.config["statistics"]["dice_threshold"],


use rule make_table as tabulate_selection with:
    input:
        **study.selected_by,
    wildcard_constraints:
        table="selection",
    params:
        selection=study.selection,
        ece=study.ece,


use rule make_table as tabulate_differences with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="differences",
    params:
        **study.measured,


use rule tabulate_differences as tabulate_subgroups with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
        volumes=study.cohort.manifest if study.cohort else [],
    wildcard_constraints:
        table="subgroups",


use rule make_table as tabulate_reliability with:
    input:
        cells=study.cells("classification"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="reliability",
    params:
        ece=study.ece,


use rule make_table as tabulate_risk_coverage with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="risk_coverage",


use rule make_table as tabulate_recalibration with:
    input:
        cells=study.cells("classification"),
        validation=study.cells_of("validation"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="recalibration",
    params:
        methods=study.config["statistics"]["recalibration"],
        ece=study.ece,


use rule make_table as tabulate_conformal with:
    input:
        cells=study.cells("classification"),
        validation=study.cells_of("validation"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="conformal",
    params:
        **study.fitted("conformal"),


use rule make_table as tabulate_mask_control with:
    input:
        voxels=study.cells("voxels"),
        validation=study.cells_of("validation_voxels"),
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="mask_control",
    params:
        **study.fitted("mask_control"),


use rule make_table as tabulate_posterior_truth with:
    input:
        cells=study.cells("classification"),
        truth="results/cohorts/<cohort>/truth.csv",
        selection="results/studies/<study>/statistics/selection.csv",
    wildcard_constraints:
        table="posterior_truth",
    params:
        **study.measured,


use rule tabulate_differences as tabulate_findings with:
    wildcard_constraints:
        table="findings",
    params:
        dice_threshold=study.config["statistics"]["dice_threshold"],
        tolerance=study.config["selection"]["tolerance"],


use rule make_table as tabulate_overlap with:
    input:
        overlap=study.mapped_cells("overlap"),
    wildcard_constraints:
        table="overlap",


use rule make_table as tabulate_lesions with:
    input:
        overlap=study.mapped_cells("overlap"),
        lesions=study.mapped_cells("lesions"),
    wildcard_constraints:
        table="lesions",


use rule tabulate_lesions as tabulate_froc with:
    wildcard_constraints:
        table="froc",


use rule make_table as tabulate_overlap_tests with:
    input:
        overlap=study.mapped_cells("overlap"),
    wildcard_constraints:
        table="overlap_tests",


use rule make_table as tabulate_table_1 with:
    input:
        overlap="results/studies/<study>/statistics/overlap.csv",
    wildcard_constraints:
        table="table_1",
    params:
        cohort=study.cohort.name if study.cohort else None,


use rule tabulate_table_1 as tabulate_table_2 with:
    wildcard_constraints:
        table="table_2",


use rule tabulate_table_1 as tabulate_table_3 with:
    wildcard_constraints:
        table="table_3",


use rule make_table as tabulate_uncertainty_by_size with:
    input:
        segmentation=study.mapped_cells("segmentation"),
        overlap=study.mapped_cells("overlap"),
        voxels=study.mapped_cells("voxels"),
    wildcard_constraints:
        table="uncertainty_by_size",


use rule tabulate_uncertainty_by_size as tabulate_uncertainty_by_size_differences with:
    wildcard_constraints:
        table="uncertainty_by_size_differences",


use rule make_table as tabulate_size_sensitivity with:
    input:
        overlap=study.mapped_cells("overlap"),
        truth="results/cohorts/<cohort>/truth.csv",
    wildcard_constraints:
        table="size_sensitivity",


use rule make_table as tabulate_by_seed with:
    input:
        classification=study.cells("classification"),
        segmentation=study.cells("segmentation"),
    wildcard_constraints:
        table="by_seed",
    params:
        **study.measured,


use rule make_table as tabulate_training with:
    input:
        reports=study.runs("training_report.csv"),
    wildcard_constraints:
        table="training",
