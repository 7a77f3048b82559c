"""From predicted labels to the tables of the study of small tumours."""

MAPPED = [format_passes(t) for t in config["sampling"]["maps"]]


def mapped_cells(table):
    """Return `table` of every cell whose maps are kept."""
    return expand(f"{CELL}/{table}", study=STUDY, network=SAMPLED, rate=RATES, passes=MAPPED)


rule measure_overlap:
    """Count how the predicted regions of every case agree with the reference, voxels and lesions."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        folds="results/studies/{study}/folds.csv",
        maps=samples_of("maps"),
    output:
        overlap="results/studies/{study}/{network}/dropout-{rate}/passes-{passes}/overlap.csv",
        lesions="results/studies/{study}/{network}/dropout-{rate}/passes-{passes}/lesions.csv",
    log:
        "results/studies/{study}/logs/measure_overlap/{network}_dropout-{rate}_passes-{passes}.log",
    conda:
        "../envs/statistics.yaml"
    params:
        folds=lambda wildcards: [fold for fold in FOLDS for _ in seeds_of(wildcards)],
        seeds=lambda wildcards: [seed for _ in FOLDS for seed in seeds_of(wildcards)],
        volumes=f"results/cohorts/{COHORT}/normalised",
        registered=f"results/cohorts/{COHORT}/registered",
        library=fingerprint("measure_overlap.py"),
    script:
        "../workflow_scripts/measure_overlap.py"


rule measure_regions:
    """Measure the overlap of each region by groups of cases and sizes of lesions, with intervals."""
    input:
        overlap=mapped_cells("overlap.csv"),
        lesions=mapped_cells("lesions.csv"),
    output:
        overlap="results/studies/{study}/statistics/overlap.csv",
        lesions="results/studies/{study}/statistics/lesions.csv",
        froc="results/studies/{study}/statistics/froc.csv",
    log:
        "results/studies/{study}/logs/measure_regions.log",
    conda:
        "../envs/statistics.yaml"
    params:
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("measure_regions.py"),
    script:
        "../workflow_scripts/measure_regions.py"


rule compare_networks:
    """Compare the overlap of every network with the first one's, case by case."""
    input:
        overlap=mapped_cells("overlap.csv"),
    output:
        table="results/studies/{study}/statistics/overlap_tests.csv",
    log:
        "results/studies/{study}/logs/compare_networks.log",
    conda:
        "../envs/statistics.yaml"
    params:
        reference=NETWORK,
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("compare_networks.py"),
    script:
        "../workflow_scripts/compare_networks.py"


rule make_tables:
    """Make Tables 1 to 3 of the paper on small tumours: its rows as quoted, ours as measured."""
    input:
        overlap="results/studies/{study}/statistics/overlap.csv",
    output:
        table_1="results/studies/{study}/statistics/table_1.csv",
        table_2="results/studies/{study}/statistics/table_2.csv",
        table_3="results/studies/{study}/statistics/table_3.csv",
    log:
        "results/studies/{study}/logs/make_tables.log",
    conda:
        "../envs/statistics.yaml"
    params:
        networks=list(SAMPLED),
        cohort=COHORT,
        library=fingerprint("make_tables.py"),
    script:
        "../workflow_scripts/make_tables.py"


rule measure_uncertainty_by_size:
    """Measure uncertainty by size of the enhancing tumour, and how well it finds what was missed."""
    input:
        segmentation=mapped_cells("segmentation.csv"),
        overlap=mapped_cells("overlap.csv"),
        voxels=mapped_cells("voxels.csv") if config["sampling"]["voxel_histograms"] else [],
    output:
        table="results/studies/{study}/statistics/uncertainty_by_size.csv",
        differences="results/studies/{study}/statistics/uncertainty_by_size_differences.csv",
    log:
        "results/studies/{study}/logs/measure_uncertainty_by_size.log",
    conda:
        "../envs/statistics.yaml"
    params:
        reference=NETWORK,
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("measure_uncertainty_by_size.py"),
    script:
        "../workflow_scripts/measure_uncertainty_by_size.py"


rule compare_sizes:
    """Compare overlap between sizes of one and the same tumour, and between networks at each."""
    input:
        overlap=mapped_cells("overlap.csv"),
        truth="results/cohorts/<cohort>/truth.csv",
    output:
        table="results/studies/{study}/statistics/size_stress.csv",
    log:
        "results/studies/{study}/logs/compare_sizes.log",
    conda:
        "../envs/statistics.yaml"
    params:
        reference=NETWORK,
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("compare_sizes.py"),
    script:
        "../workflow_scripts/compare_sizes.py"
