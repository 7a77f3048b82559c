"""Sample the predictions of every case of a split and record their uncertainty."""

from glioma_uq.steps import run

from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from glioma_uq.dataset import Dataset
from glioma_uq.devices import choose_device, set_threads
from glioma_uq.files import digest, written_whole
from glioma_uq.folds import cases_of, check_splits
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.networks import build_network
from glioma_uq.sampling.acceleration import accelerate, keep_freed_memory
from glioma_uq.sampling.case_files import Plan, sample_cases, write_maps
from glioma_uq.sampling.voxel_histograms import COLUMNS, histogram_rows
from glioma_uq.tables import append_rows, read_table, write_table
from glioma_uq.weights import load_weights


def load_network(path, device, name, options, dropout):
    """Return the trained network with the weights at `path`, see `load_weights`."""
    network = build_network(name, **options)
    load_weights(network, path, name, dropout)
    return network.to(device)


def main(*, volumes, folds, split, models, network, sampler, options, rate, fold, seed,
         modalities, tasks, classes, passes, nested, mapped, keep_sums, hd95, histograms,
         batch_size, device, acceleration, library, threads, case_files,
         probabilities, segmentation, voxels, maps):  # fmt: skip
    set_threads(threads)
    device = choose_device(device)
    rate, fold = float(rate), int(fold)
    dataset, folds = Dataset(volumes, modalities, classes=classes), read_table(folds)
    check_splits(folds, dataset.table.index)
    sampled = cases_of(folds, fold, split)
    shape = {"modalities": len(modalities), "classes": classes, "tasks": tuple(tasks)}
    options = {**shape, "rate": rate, **options}
    dropout = sampler in WITH_DROPOUT
    networks = [load_network(path, device, network, options, dropout) for path in models]
    if acceleration and device.type == "cpu":
        if sampler != "deterministic":  # for a single pass it would cost half as much memory again
            keep_freed_memory()
        networks = [accelerate(trained) for trained in networks]
    settings = [network, options, modalities, sampler, acceleration, library]
    settings += map(digest, models)
    extras = [name for name, wanted in (("hd95", hd95), ("histograms", histograms)) if wanted]
    plan = Plan(passes, batch_size, device, case_files, settings, nested, mapped, keep_sums, extras)

    Path(maps).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        outputs = (probabilities, segmentation, voxels)
        of_passes, of_cases, of_voxels = (stack.enter_context(written_whole(p)) for p in outputs)
        write_table(pd.DataFrame(columns=COLUMNS), of_voxels)
        for case, record in sample_cases(sampler, networks, dataset, sampled, plan, seed):
            append_rows(record.probabilities, of_passes)
            append_rows(record.segmentation, of_cases)
            append_rows(histogram_rows(record.histograms), of_voxels)
            write_maps(record, case, maps)


if __name__ == "__main__":
    run(main, snakemake)
