"""From trained networks to the table of every (p, T) cell."""


def seeds_of(wildcards):
    """Return what stands for the seed in the paths of what is sampled: each, or all at once."""
    _, sampler = SAMPLED[wildcards.network]
    return [ALL_SEEDS] if sampler in ENSEMBLES else SEEDS


def models_of(wildcards):
    """Return the weights that a sampler asks: of one seed of training, or of all."""
    network, _ = SAMPLED[wildcards.network]
    seeds = SEEDS if wildcards.seed == ALL_SEEDS else [wildcards.seed]
    return [
        f"{RUN}/model.safetensors".format(**{**wildcards, "network": network, "seed": seed})
        for seed in seeds
    ]


def samples_of(table):
    """Return the input function that lists `table` of all folds and seeds."""
    return lambda wildcards: expand(
        f"{RUN}/samples/{table}", **wildcards, fold=FOLDS, seed=seeds_of(wildcards)
    )


rule sample_network:
    """Draw samples of every test case and record how much they disagree with each other."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        folds="results/studies/{study}/folds.csv",
        models=models_of,
    output:
        probabilities="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/probabilities.csv",
        segmentation="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/segmentation.csv",
        voxels="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/voxels.csv",
        maps=directory(
            "results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/maps"
        ),
    log:
        "results/studies/{study}/logs/sample_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/{study}/benchmarks/sample_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    wildcard_constraints:
        network="|".join(SAMPLED),
        seed=rf"\d+|{ALL_SEEDS}",
    conda:
        "../envs/training.yaml"
    params:
        # No output, so that Snakemake leaves the cases of a killed run where they are.
        case_files="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/cases",
        split="test",
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        network=lambda wildcards: SAMPLED[wildcards.network][0],
        sampler=lambda wildcards: SAMPLED[wildcards.network][1],
        options=lambda wildcards: config["network_options"].get(SAMPLED[wildcards.network][0], {}),
        tasks=TASKS,
        classes=CLASSES,
        passes=config["sampling"]["passes"],
        nested=config["sampling"]["nested"],
        mapped=config["sampling"]["maps"],
        keep_sums=config["sampling"]["keep_sums"],
        hd95=config["sampling"]["hd95"],
        histograms=config["sampling"]["voxel_histograms"],
        batch_size=config["sampling"]["batch_size"],
        device=config["sampling"]["device"],
        acceleration=config["sampling"]["acceleration"],
        seed=lambda wildcards: seed_for(config["seed"], "sample", *wildcards),
        library=network_code("sample_network.py"),
    script:
        "../workflow_scripts/sample_network.py"


use rule sample_network as sample_validation with:
    """Draw samples of every validation case, by which cells are chosen and probabilities mended."""
    output:
        probabilities="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/probabilities.csv",
        segmentation="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/segmentation.csv",
        voxels="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/voxels.csv",
        maps=directory(
            "results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/validation/maps"
        ),
    log:
        "results/studies/{study}/logs/sample_validation/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/{study}/benchmarks/sample_validation/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    params:
        split="validation",
        mapped=[],


rule gather_cells:
    """Write the table of every number of passes T, one row for each case, over all folds."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        probabilities=samples_of("probabilities.csv"),
        segmentation=samples_of("segmentation.csv"),
        voxels=samples_of("voxels.csv"),
    output:
        classification=expand(f"{CELL}/classification.csv", passes=PASSES, allow_missing=True),
        segmentation=expand(f"{CELL}/segmentation.csv", passes=PASSES, allow_missing=True),
        voxels=expand(f"{CELL}/voxels.csv", passes=PASSES, allow_missing=True),
    log:
        "results/studies/{study}/logs/gather_cells/{network}_dropout-{rate}.log",
    conda:
        "../envs/statistics.yaml"
    params:
        folds=lambda wildcards: [fold for fold in FOLDS for _ in seeds_of(wildcards)],
        seeds=lambda wildcards: [seed for _ in FOLDS for seed in seeds_of(wildcards)],
        passes=config["sampling"]["passes"],
        library=fingerprint("gather_cells.py"),
    script:
        "../workflow_scripts/gather_cells.py"


use rule gather_cells as gather_validation with:
    """Write the same tables of the validation cases."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        probabilities=samples_of("validation/probabilities.csv"),
        segmentation=samples_of("validation/segmentation.csv"),
        voxels=samples_of("validation/voxels.csv"),
    output:
        classification=expand(f"{CELL}/validation.csv", passes=PASSES, allow_missing=True),
        segmentation=expand(
            f"{CELL}/validation_segmentation.csv", passes=PASSES, allow_missing=True
        ),
        voxels=expand(f"{CELL}/validation_voxels.csv", passes=PASSES, allow_missing=True),
    log:
        "results/studies/{study}/logs/gather_validation/{network}_dropout-{rate}.log",
