"""Say which series of an archive's collection are T1, T1CE, T2 and FLAIR of each case, and why."""

from glioma_uq.cohorts import idc, tcia
from glioma_uq.cohorts.selection import select, write_series
from glioma_uq.cohorts.series import missing_modalities
from glioma_uq.cohorts.transfer import RetryPolicy
from glioma_uq.steps import run


def main(*, source, options, cases, modalities, series):
    """Write `series`: all series of all `cases` with modality ("" = not taken) and reason."""
    chosen = select(list_series(source, options), cases, modalities, options["series_rules"])
    lacking = missing_modalities(chosen, modalities)
    print(f"all of {', '.join(modalities)} for {len(cases) - len(lacking)} of {len(cases)} cases")
    print(*(f"{case}: no {', '.join(names)}" for case, names in lacking.items()), sep="\n")
    write_series(series, chosen)


def list_series(source, options):
    """Return all series of the collection: from the bundled index (idc) or by asking (tcia)."""
    if source == "idc":
        return idc.collection_series(options["collection"])
    patience = RetryPolicy(**options["transfer"])
    key = tcia.auth_header(options, patience)
    return tcia.collection_series(options["address"], options["collection"], key, patience)


if __name__ == "__main__":
    run(main, snakemake)
