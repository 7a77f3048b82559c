"""Train one network of the grid: one dropout rate, one fold, one seed."""

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
from glioma_uq.steps import run
from glioma_uq.tables import read_table, write_table
from glioma_uq.training.checks import check_labels
from glioma_uq.training.settings import Settings
from glioma_uq.training.trainer import Trainer
from glioma_uq.weights import WITHOUT_DROPOUT


def main(*, volumes, folds, network, options, rate, fold, seed, modalities, tasks,
         classes, settings, keep_in_memory, library, threads, model, curve,
         checkpoint):  # fmt: skip
    set_threads(threads)
    rate, fold = float(rate), int(fold)
    dataset, folds = Dataset(volumes, modalities, keep_in_memory, classes), read_table(folds)
    check_splits(folds, dataset.table.index)
    training, validation = (cases_of(folds, fold, split) for split in ("training", "validation"))
    check_labels(dataset.table, training, tasks)
    names, settings = training + validation, Settings(**settings)
    dataset.keep_what_fits(names)

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = {"modalities": len(modalities), "classes": classes, "tasks": tuple(tasks)}
        untrained = build_network(network, rate=rate, **shape, **options)
    check_dropout(untrained, network, rate)
    workers = threads if choose_device(settings.device).type == "cuda" else 0
    trainer = Trainer(untrained, dataset, training, validation, settings, seed, workers, tasks)
    grid = [network, options, rate, seed, modalities, tasks, classes]
    seen = dataset.table.loc[names].to_csv()  # labels, and the checksum of every file
    trainer.run(checkpoint, [grid, asdict(settings), seen, library])

    write_table(pd.DataFrame(trainer.curve), curve)
    statistics = trainer.statistics_without_dropout()
    kept = {WITHOUT_DROPOUT + name: x for name, x in statistics.items()} | trainer.weights
    with written_whole(model) as path:
        save_file({name: x.cpu().contiguous() for name, x in kept.items()}, path)
    Path(checkpoint).unlink(missing_ok=True)


if __name__ == "__main__":
    run(main, snakemake)
