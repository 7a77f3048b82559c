"""Train one network of the grid: one dropout rate, one fold, one seed."""

from glioma_uq.steps import run

from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save_file

from glioma_uq.configuration.preflight import check_dropout
from glioma_uq.dataset import Dataset
from glioma_uq.devices import choose_device, set_threads
from glioma_uq.files import written_whole
from glioma_uq.folds import cases_of, check_splits
from glioma_uq.networks import build_network
from glioma_uq.seeds import seed_for
from glioma_uq.tables import read_table, write_table
from glioma_uq.training.checks import check_labels
from glioma_uq.training.report import training_report
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer
from glioma_uq.weights import WITHOUT_DROPOUT

ATTEMPTS = 3  # with on_collapse: retrain, at most


def main(*, volumes, folds, network, options, rate, fold, seed, modalities, tasks,
         classes, settings, keep_in_memory, library, threads, model, curve, report,
         checkpoint):  # fmt: skip
    """Write the weights, the learning curve and the report of the network.

    With `on_collapse: retrain` a network that collapsed is trained again from another seed. Each
    attempt has a checkpoint of its own until all is written, so that a killed job continues with
    the attempt that it was at.
    """
    set_threads(threads)
    rate, fold = float(rate), int(fold)
    dataset, folds = Dataset(volumes, modalities, keep_in_memory, classes), read_table(folds)
    check_splits(folds, dataset.table.index)
    settings = Settings(**settings)
    judged_on = "test" if settings.weights == "best_on_test" else "validation"
    training, validation = (cases_of(folds, fold, split) for split in ("training", judged_on))
    check_labels(dataset.table, training, tasks)
    names = training + validation
    dataset.keep_what_fits(names)
    workers = threads if choose_device(settings.device).type == "cuda" else 0
    seen = dataset.table.loc[names].to_csv()  # labels, and the checksum of every file
    shape = {"modalities": len(modalities), "classes": classes, "tasks": tuple(tasks)}

    for attempt in range(1, 1 + (ATTEMPTS if settings.on_collapse == "retrain" else 1)):
        its_seed = seed if attempt == 1 else seed_for(seed, "attempt", attempt)
        with torch.random.fork_rng():
            torch.manual_seed(its_seed)
            untrained = build_network(network, rate=rate, **shape, **options)
        check_dropout(untrained, network, rate)
        grid = [network, options, rate, its_seed, modalities, tasks, classes]
        cases = (dataset, training, validation)
        trainer = Trainer(untrained, *cases, settings, its_seed, workers, tasks)
        trainer.run(of_attempt(checkpoint, attempt), [grid, asdict(settings), seen, library])
        row = {"attempts": attempt, **training_report(trainer)}
        if not row["collapsed"]:
            break
        print(f"the network collapsed in attempt {attempt}: {row['collapse']}")

    write_table(pd.DataFrame(trainer.curve), curve)
    write_table(pd.DataFrame([row]), report)
    statistics = trainer.statistics_without_dropout()
    kept = {WITHOUT_DROPOUT + name: x for name, x in statistics.items()} | trainer.weights
    with written_whole(model) as path:
        save_file({name: x.cpu().contiguous() for name, x in kept.items()}, path)
    for attempt in range(1, ATTEMPTS + 1):
        of_attempt(checkpoint, attempt).unlink(missing_ok=True)


def of_attempt(checkpoint, attempt):
    """Return the path of the checkpoint of an attempt, counted from 1."""
    path = Path(checkpoint)
    return path if attempt == 1 else path.with_name(f"{path.stem}-{attempt}{path.suffix}")


if __name__ == "__main__":
    run(main, snakemake)
