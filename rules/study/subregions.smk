"""From predicted labels to the tables of the study of small tumours."""


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
        library=fingerprint("measure_overlap.py"),
    script:
        "../../workflow_scripts/measure_overlap.py"


rule measure_regions:
    """Measure the overlap of each region by case group and lesion size, with intervals."""
    input:
        overlap=study.mapped_cells("overlap"),
        lesions=study.mapped_cells("lesions"),
    output:
        overlap_table="results/studies/<study>/statistics/overlap.csv",
        lesion_table="results/studies/<study>/statistics/lesions.csv",
        froc="results/studies/<study>/statistics/froc.csv",
    log:
        "results/studies/<study>/logs/measure_regions.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        library=fingerprint("measure_regions.py"),
    script:
        "../../workflow_scripts/measure_regions.py"


rule compare_networks:
    """Compare the overlap of every network with that of the first, paired by case."""
    input:
        overlap=study.mapped_cells("overlap"),
    output:
        table="results/studies/<study>/statistics/overlap_tests.csv",
    log:
        "results/studies/<study>/logs/compare_networks.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        reference=study.network,
        library=fingerprint("compare_networks.py"),
    script:
        "../../workflow_scripts/compare_networks.py"


rule make_tables:
    """Make Tables 1 to 3 of the paper on small tumours, with its quoted rows and our measured ones."""
    input:
        overlap="results/studies/<study>/statistics/overlap.csv",
    output:
        outputs__table_1="results/studies/<study>/statistics/table_1.csv",
        outputs__table_2="results/studies/<study>/statistics/table_2.csv",
        outputs__table_3="results/studies/<study>/statistics/table_3.csv",
    log:
        "results/studies/<study>/logs/make_tables.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        networks=list(study.sampled),
        cohort=study.cohort.name if study.cohort else None,
        library=fingerprint("make_tables.py"),
    script:
        "../../workflow_scripts/make_tables.py"


rule measure_uncertainty_by_size:
    """Measure uncertainty by enhancing tumour size, and how well it detects missed tumour."""
    input:
        segmentation=study.mapped_cells("segmentation"),
        overlap=study.mapped_cells("overlap"),
        voxels=study.mapped_cells("voxels"),
    output:
        output="results/studies/<study>/statistics/uncertainty_by_size.csv",
        differences="results/studies/<study>/statistics/uncertainty_by_size_differences.csv",
    log:
        "results/studies/<study>/logs/measure_uncertainty_by_size.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        reference=study.network,
        library=fingerprint("measure_uncertainty_by_size.py"),
    script:
        "../../workflow_scripts/measure_uncertainty_by_size.py"


rule compare_sizes:
    """Compare overlap between sizes of the same lesion, and between networks at each size."""
    input:
        overlap=study.mapped_cells("overlap"),
        truth="results/cohorts/<cohort>/truth.csv",
    output:
        table="results/studies/<study>/statistics/size_sensitivity.csv",
    log:
        "results/studies/<study>/logs/compare_sizes.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        **study.estimation,
        reference=study.network,
        library=fingerprint("compare_sizes.py"),
    script:
        "../../workflow_scripts/compare_sizes.py"
