"""Identify T1, T1CE, T2 and FLAIR of each case among the series of a collection, with reasons."""

from glioma_uq.steps import run

from glioma_uq.cohorts import idc, tcia
from glioma_uq.cohorts.selection import select, write_series
from glioma_uq.cohorts.series import missing_modalities
from glioma_uq.cohorts.transfer import RetryPolicy
from glioma_uq.plurals import counted


def main(*, source, options, cases, modalities, series):
    """Write `series`: all series of all `cases` with modality ("" = not used) and reason."""
    chosen = select(list_series(source, options), cases, modalities, options["series_rules"])
    lacking = missing_modalities(chosen, modalities)
    n = counted(len(cases), "case")
    print(f"all of {', '.join(modalities)} for {len(cases) - len(lacking)} of {n}")
    print(*(f"{case}: no {', '.join(names)}" for case, names in lacking.items()), sep="\n")
    write_series(series, chosen)


def list_series(source, options):
    """Return all series of the collection: from the bundled index (idc) or the archive (tcia)."""
    if source == "idc":
        return idc.collection_series(options["collection"])
    policy = RetryPolicy(**options["transfer"])
    key = tcia.auth_header(options, policy)
    return tcia.collection_series(options["address"], options["collection"], key, policy)


if __name__ == "__main__":
    run(main, snakemake)
