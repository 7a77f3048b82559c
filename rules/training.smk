"""From the cohort's volumes to one trained network for each rate, fold and seed."""

from glioma_uq.cohorts.labels import has_families

COHORT_TRUTH = "results/cohorts/<cohort>/truth.csv"


onstart:
    # Before the first job and not in each plan: it imports torch.
    from glioma_uq.configuration.networks import check_networks_build

    check_networks_build(config)


rule assign_folds:
    """Deal the cases out into folds, by patient, so that all hold the same share of every stratum."""
    input:
        **({"families": COHORT_TRUTH} if has_families(config["cohort"]) else {}),
        cases="results/cohorts/<cohort>/cases.csv",
    output:
        folds="results/studies/{study}/folds.csv",
    log:
        "results/studies/{study}/logs/assign_folds.log",
    conda:
        "../envs/statistics.yaml"
    params:
        number=config["folds"]["number"],
        validation_share=config["folds"]["validation_share"],
        test_share=config["folds"]["test_share"],
        strata=config["folds"]["stratify_by"],
        volumes=f"results/cohorts/{COHORT}/normalised",
        seed=seed_for(config["seed"], "folds"),
        library=fingerprint("assign_folds.py"),
    script:
        "../workflow_scripts/assign_folds.py"


rule train_network:
    """Train one network of the grid; a killed job goes on from its last epoch."""
    input:
        cases="results/cohorts/<cohort>/cases.csv",
        folds="results/studies/{study}/folds.csv",
    output:
        model="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/model.safetensors",
        curve="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/learning_curve.csv",
    log:
        "results/studies/{study}/logs/train_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/{study}/benchmarks/train_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    conda:
        "../envs/training.yaml"
    params:
        checkpoint="results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/checkpoint.pt",
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        options=lambda wildcards: config["network_options"].get(wildcards.network, {}),
        tasks=TASKS,
        classes=CLASSES,
        settings=config["training"],
        keep_in_memory=config["keep_in_memory"],
        seed=lambda wildcards: seed_for(config["seed"], "train", *wildcards),
        library=network_code("train_network.py"),
    script:
        "../workflow_scripts/train_network.py"
