"""From a trained network to the table of every (p, T) cell."""


rule sample_mc_dropout:
    """Keep dropout awake at test time and record how much the network disagrees with itself."""
    input:
        cases=f"results/cohorts/{COHORT}/cases.csv",
        folds="results/studies/{study}/folds.csv",
        model="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/model.safetensors",
    output:
        probabilities="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/probabilities.csv",
        segmentation="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/samples/segmentation.csv",
    log:
        "results/studies/{study}/logs/sample_mc_dropout/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/{study}/benchmarks/sample_mc_dropout/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    conda:
        "../envs/training.yaml"
    params:
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        options=lambda wildcards: config["network_options"].get(wildcards.network, {}),
        passes=config["sampling"]["passes"],
        batch_size=config["sampling"]["batch_size"],
        device=config["sampling"]["device"],
        seed=lambda wildcards: seed_for(config["seed"], "sample", *wildcards),
        library=fingerprint("sample_mc_dropout.py"),
    script:
        "../workflow_scripts/sample_mc_dropout.py"


rule gather_cells:
    """Write the table of every number of passes T, one row for each case, over all folds."""
    input:
        cases=f"results/cohorts/{COHORT}/cases.csv",
        probabilities=expand(
            f"{RUN}/samples/probabilities.csv", fold=FOLDS, seed=SEEDS, allow_missing=True
        ),
        segmentation=expand(
            f"{RUN}/samples/segmentation.csv", fold=FOLDS, seed=SEEDS, allow_missing=True
        ),
    output:
        classification=expand(f"{CELL}/classification.csv", passes=PASSES, allow_missing=True),
        segmentation=expand(f"{CELL}/segmentation.csv", passes=PASSES, allow_missing=True),
    log:
        "results/studies/{study}/logs/gather_cells/{network}_dropout-{rate}.log",
    conda:
        "../envs/statistics.yaml"
    params:
        folds=[fold for fold in FOLDS for _ in SEEDS],
        seeds=[seed for _ in FOLDS for seed in SEEDS],
        passes=config["sampling"]["passes"],
        library=fingerprint("gather_cells.py"),
    script:
        "../workflow_scripts/gather_cells.py"
