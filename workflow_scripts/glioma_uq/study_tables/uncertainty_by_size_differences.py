"""The same minus that of the first network, at the same rate and passes."""

from glioma_uq.statistics.long_tables import from_reference, grouped_table, read_cells
from glioma_uq.statistics.size_uncertainty import resample_by_size


def tabulate(*, segmentation, overlap, voxels, network, intervals, rng):
    def differences(tables, **options):
        return from_reference(resample_by_size(tables, **options), network=network)

    tables = [read_cells(paths) for paths in (segmentation, overlap, voxels)]
    table = grouped_table(differences, tables, ["group"], rng=rng(), **intervals)
    table.insert(1, "reference", network)
    return table
