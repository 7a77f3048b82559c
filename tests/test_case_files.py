"""Sampling of cases: any order, shards, restarts and T_max leave the same tables, bit for bit."""

import nibabel
import numpy as np
import pandas as pd
import pytest
import torch
from error_bounds import FORMULA, gamma
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from glioma_uq.dataset import Case
from glioma_uq.grid import ENSEMBLES
from glioma_uq.networks import build_network
from glioma_uq.regions import REGIONS
from glioma_uq.sampling import case_files
from glioma_uq.sampling.case_files import Plan, sample_cases, write_maps
from glioma_uq.sampling.records import background_probability, volume_variation
from glioma_uq.sampling.samplers import SAMPLERS, open_sampler
from glioma_uq.uncertainty import corrected_prefixes

CPU = torch.device("cpu")
AFFINE = np.diag([2.0, 3.0, 4.0, 1.0])


class Cohort:
    """Four cases of noise, each a function of its name."""

    names = list("abcd")

    def load(self, name):
        generator = torch.Generator().manual_seed(ord(name))
        images = torch.randn((4, 12, 12, 12), generator=generator)
        tumour = torch.zeros(1, 12, 12, 12)
        tumour[0, 4:9, 4:9, 4:9] = 1
        brain = torch.zeros(12, 12, 12, dtype=torch.bool)
        brain[1:11, 1:11, 1:11] = True
        return Case(name, images, brain, tumour, {}, AFFINE, AFFINE, 125 * 24.0)


def network_of(seed, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        options = {"width": 2, "rate": 0.4, "dropout": "element"} | options
        return build_network("csnet", **options)


@pytest.fixture(scope="module")
def networks():
    return [network_of(seed) for seed in (0, 1)]


@pytest.fixture
def passes_run(monkeypatch):
    """The (case, number) of every pass that a sampler is asked for."""
    asked, open_sampler = [], case_files.open_sampler

    class Counting:
        def __init__(self, *arguments):
            self.context = open_sampler(*arguments)

        def __enter__(self):
            sampler = self.context.__enter__()

            def draw(images, case, numbers):
                asked.extend((case, number) for number in numbers)
                return sampler.draw(images, case, numbers)

            return sampler._replace(draw=draw)

        def __exit__(self, *error):
            return self.context.__exit__(*error)

    monkeypatch.setattr(case_files, "open_sampler", Counting)
    return asked


def plan_for(folder, passes=(2, 4), batch_size=2, **changes):
    settings = {"settings": ["weights", "code"]} | changes
    return Plan(list(passes), batch_size, CPU, folder, **settings)


def run(networks, folder, names=Cohort.names, sampler="mc-dropout", seed=5, **changes):
    """Return the two tables of a run, and the records."""
    asked = networks if sampler in ENSEMBLES else networks[:1]
    plan = plan_for(folder, **changes)
    records = [record for _, record in sample_cases(sampler, asked, Cohort(), names, plan, seed)]
    rows = ([row for record in records for row in getattr(record, table)] for table in TABLES)
    return [*map(pd.DataFrame, rows), records]


TABLES = ("probabilities", "segmentation")


def same(first, second):
    """Assert that the tables are equal to the last bit, whatever the order of the cases."""
    for one, other, number in zip(first, second, ("pass", "passes"), strict=False):
        tables = [t.sort_values(["case", number], ignore_index=True) for t in (one, other)]
        pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.fixture(scope="module")
def whole(networks, tmp_path_factory):
    return run(networks, tmp_path_factory.mktemp("whole"))


def test_any_order_of_the_cases_gives_the_same_tables(networks, tmp_path, whole):
    same(run(networks, tmp_path, names=list("dbca")), whole)


def test_two_shards_in_one_folder_give_the_same_tables_and_nothing_is_drawn_twice(
    networks, tmp_path, whole, passes_run
):
    run(networks, tmp_path, names=list("ca"))
    run(networks, tmp_path, names=list("db"))
    drawn = len(passes_run)
    same(run(networks, tmp_path), whole)
    assert len(passes_run) == drawn == 4 * 4


def test_a_killed_run_goes_on_with_the_case_in_which_it_was_killed(
    networks, tmp_path, whole, monkeypatch, passes_run
):
    written = case_files.write_record

    def killed_at_c(record, path, *rest):
        if path.stem == "c":
            raise KeyboardInterrupt
        written(record, path, *rest)

    monkeypatch.setattr(case_files, "write_record", killed_at_c)
    with pytest.raises(KeyboardInterrupt):
        run(networks, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]
    monkeypatch.setattr(case_files, "write_record", written)
    passes_run.clear()
    same(run(networks, tmp_path), whole)
    assert {case for case, _ in passes_run} == {"c", "d"}


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("first", [(2, 4), (2,)], ids=str)
def test_raising_t_max_runs_the_new_passes_alone(networks, tmp_path, passes_run, sampler, first):
    how = dict(names=["a"], sampler=sampler)
    expected = run(networks, tmp_path / "once", passes=(2, 4, 8), **how)
    passes_run.clear()
    run(networks, tmp_path / "twice", passes=first, **how)
    same(run(networks, tmp_path / "twice", passes=(2, 4, 8), **how), expected)
    distinct = {"deterministic": 1, "deep-ensemble": 2}.get(sampler, 8)
    # A sampler that has no more samples than were summed has nothing to go on from.
    exhausted = 2 if distinct <= max(first) else 1
    assert len(passes_run) == exhausted * distinct


def test_a_last_batch_that_was_not_used_up_is_run_again_to_stay_in_step(
    networks, tmp_path, passes_run
):
    expected = run(networks, tmp_path / "once", names=["a"], passes=(8,), batch_size=4)
    run(networks, tmp_path / "twice", names=["a"], passes=(6,), batch_size=4)
    passes_run.clear()
    same(run(networks, tmp_path / "twice", names=["a"], passes=(8,), batch_size=4), expected)
    assert [number for _, number in passes_run] == [5, 6, 7, 8]


def test_fewer_passes_are_a_prefix_of_more_and_of_what_is_there(networks, tmp_path, passes_run):
    many = run(networks, tmp_path / "a", names=["a"], passes=(2, 4, 8))
    fresh = run(networks, tmp_path / "b", names=["a"], passes=(2, 4))
    passes_run.clear()
    same(run(networks, tmp_path / "a", names=["a"], passes=(2, 4)), fresh)
    assert not passes_run
    same([many[0][:4], many[1][:2]], fresh)


def test_without_sums_a_larger_t_max_starts_anew_and_the_file_is_small(
    networks, tmp_path, passes_run
):
    with_sums = run(networks, tmp_path / "sums", names=["a"])
    run(networks, tmp_path / "rows", names=["a"], keep_sums=False)
    sizes = [(tmp_path / kind / "a.safetensors").stat().st_size for kind in ("sums", "rows")]
    assert sizes[0] - sizes[1] == pytest.approx(36 * 12**3, abs=500)
    passes_run.clear()
    same(run(networks, tmp_path / "rows", names=["a"], keep_sums=False), with_sums)
    assert not passes_run
    run(networks, tmp_path / "rows", names=["a"], passes=(2, 6), keep_sums=False)
    assert len(passes_run) == 6


def test_a_file_that_lacks_a_sum_is_sampled_anew(networks, tmp_path, passes_run):
    expected = run(networks, tmp_path / "once", names=["a"], passes=(2, 4, 8))
    run(networks, tmp_path / "twice", names=["a"])
    path = tmp_path / "twice" / "a.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    del tensors["sum/half"]
    save_file(tensors, path, metadata)
    passes_run.clear()
    same(run(networks, tmp_path / "twice", names=["a"], passes=(2, 4, 8)), expected)
    assert len(passes_run) == 8


@pytest.mark.parametrize("change", [{"settings": ["other weights", "code"]}, {"seed": 6}], ids=str)
def test_a_file_of_another_identity_is_not_used(networks, tmp_path, passes_run, change):
    run(networks, tmp_path, names=["a"])
    passes_run.clear()
    run(networks, tmp_path, names=["a"], **change)
    assert len(passes_run) == 4


def test_a_file_of_other_volumes_is_not_used(networks, tmp_path, passes_run, monkeypatch):
    run(networks, tmp_path, names=["a"])
    passes_run.clear()
    changed = Cohort().load("a")
    changed.images[0, 3, 3, 3] += 1
    monkeypatch.setattr(Cohort, "load", lambda self, name: changed)
    run(networks, tmp_path, names=["a"])
    assert len(passes_run) == 4


@pytest.mark.usefixtures("float64")
def test_another_batch_size_changes_nothing_beyond_rounding(tmp_path):
    networks = [network_of(0)]
    tables = [run(networks, tmp_path, batch_size=size)[:2] for size in (2, 3)]
    for one, two in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, two, check_exact=False, **FORMULA)


def test_passes_that_are_not_nested_are_drawn_afresh_for_each_t(networks, tmp_path, passes_run):
    table, of_regions, _ = run(networks, tmp_path, names=["a"], nested=False)
    assert len(passes_run) == 2 + 4
    assert table.groupby("run")["pass"].max().to_dict() == {2: 2, 4: 4}
    first = table[table["pass"] == 1]["idh_1"]
    assert first.nunique() == 2
    assert of_regions["passes"].tolist() == [2, 4]
    assert (tmp_path / "passes-004/a.safetensors").exists()
    passes_run.clear()
    run(networks, tmp_path, names=["a"], nested=False, passes=(2, 4, 6))
    assert len(passes_run) == 6


def test_predictive_is_aleatoric_and_epistemic_in_every_region(networks, tmp_path):
    for sampler in SAMPLERS:
        _, table, _ = run(networks, tmp_path, names=["a"], sampler=sampler, seed=len(sampler))
        for column in [c for c in table if c.endswith("_predictive")]:
            region = column.removesuffix("_predictive")
            parts = table[f"{region}_aleatoric"] + table[f"{region}_epistemic"]
            np.testing.assert_allclose(table[column], parts, atol=1e-12)


def test_regions_have_uncertainty_without_the_bias_of_few_passes(networks, tmp_path):
    _, table, _ = run(networks, tmp_path, names=["a"], passes=(1, 2, 4))
    one, two, four = (row for _, row in table.iterrows())
    corrected = table.filter(like="_corrected").columns
    assert len(corrected) == 2 * len(REGIONS)
    assert one[corrected].isna().all()
    case = Cohort().load("a")
    with open_sampler("mc-dropout", networks[:1], 5) as sampler:
        drawn = sampler.draw(case.images[None], "a", (1, 2))
    samples = torch.stack([sample["segmentation"] for sample in drawn]).movedim(1, -1).numpy()
    expected = [x[0, case.brain].mean() for x in corrected_prefixes(samples, [2])]
    found = [two[f"brain_{kind}_corrected"] for kind in ("predictive", "epistemic")]
    assert found == pytest.approx(expected, rel=1e-6)  # batches of other sizes
    for kind in ("predictive", "epistemic"):
        for region in ("brain", "top", "boundary"):
            assert four[f"{region}_{kind}_corrected"] > four[f"{region}_{kind}"]


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"mc-dropout"}))
def test_samplers_of_dependent_samples_have_no_such_columns(networks, tmp_path, sampler):
    _, table, _ = run(networks, tmp_path, names=["a"], sampler=sampler)
    assert table.filter(like="_corrected").empty


def test_the_three_parts_of_an_ensemble_are_in_its_table_and_add_up(networks, tmp_path):
    rows, table, _ = run(networks, tmp_path, names=["a"], sampler="mc-dropout-ensemble")
    assert rows["member"].tolist() == [1, 2, 1, 2]
    parts = ("aleatoric", "within_member", "between_member")
    total = sum(table[f"brain_{part}"] for part in parts)
    np.testing.assert_allclose(total, table["brain_predictive"], atol=1e-12)


def test_maps_are_nifti_in_the_space_of_the_case_and_agree_with_the_table(networks, tmp_path):
    _, table, (record,) = run(networks, tmp_path / "cases", names=["a"], mapped=[4])
    _, _, (again,) = run(networks, tmp_path / "cases", names=["a"], mapped=[4])
    for each in (record, again):
        write_maps(each, Cohort().load("a"), tmp_path / "maps")
    folder = tmp_path / "maps/a/passes-004"
    kinds = ("mean", "predictive", "aleatoric", "epistemic")
    files = sorted(f"{kind}.nii.gz" for kind in (*kinds, "labels"))
    assert sorted(p.name for p in folder.iterdir()) == files
    maps = {kind: nibabel.load(folder / f"{kind}.nii.gz") for kind in kinds}
    assert all(image.get_data_dtype() == np.float32 for image in maps.values())
    np.testing.assert_array_equal(maps["mean"].affine, AFFINE)
    brain = Cohort().load("a").brain.numpy()
    of_four = table[table["passes"] == 4].iloc[0]
    for kind in kinds[1:]:
        found = np.asarray(maps[kind].dataobj, dtype=float)[brain].mean()
        assert found == pytest.approx(of_four[f"brain_{kind}"], rel=gamma(2))
    volume = (np.asarray(maps["mean"].dataobj) > 0.5).sum() * 24.0
    assert volume == of_four["predicted_volume_mm3"]
    outside = np.asarray(maps["mean"].dataobj, dtype=float)[Cohort().load("a").tumour[0] == 0]
    assert of_four["background_probability"] == pytest.approx(outside.mean(), rel=gamma(3))


def test_maps_asked_for_later_are_made_by_sampling_again(networks, tmp_path, passes_run):
    run(networks, tmp_path, names=["a"])
    passes_run.clear()
    _, _, (record,) = run(networks, tmp_path, names=["a"], mapped=[2])
    assert list(record.maps) == [2]
    assert len(passes_run) == 4


def test_volumes_of_the_samples_vary_as_their_rows_say(whole):
    rows, table, _ = whole
    volumes = rows[rows["case"] == "a"]["predicted_volume_mm3"].to_numpy()
    found = table[(table["case"] == "a") & (table["passes"] == 4)]["volume_variation"].item()
    assert found == pytest.approx(volumes.std(ddof=1) / volumes.mean(), nan_ok=True)


@pytest.mark.parametrize("volumes", [[5.0], [0.0, 0.0]])
def test_one_volume_or_none_has_no_variation(volumes):
    assert np.isnan(volume_variation(volumes))


def test_an_empty_prediction_has_no_tumour_mean_and_says_why(tmp_path):
    network = network_of(0)
    with torch.no_grad():
        network.segmentation.bias.copy_(torch.tensor([50.0, -50.0]))
    _, table, _ = run([network], tmp_path, names=["a"])
    row = table.iloc[-1]
    assert np.isnan(row["tumour_predictive"])
    assert row["tumour_reason"] == "the predicted tumour is empty"
    assert row["tumour_or_top_predictive"] == row["top_predictive"]
    assert (row["dice"], row["predicted_volume_mm3"]) == (0.0, 0.0)
    assert (row["tumour_volume_mm3"], row["pairwise_dice"]) == (125 * 24.0, 1.0)


def test_a_network_that_only_classifies_leaves_the_same_columns_without_numbers(tmp_path, whole):
    rows, table, _ = run([network_of(0, classes=0)], tmp_path, names=["a"])
    assert rows.columns.tolist() == whole[0].columns.tolist()
    assert table.columns.tolist() == whole[1].columns.tolist()
    assert set(table["brain_reason"]) == {"the network does not segment"}
    assert table["dice"].isna().all()


def test_extras_add_a_column_and_histograms_that_agree_with_dice(networks, tmp_path, whole):
    asked = {"extras": ("hd95", "histograms")}
    first = run(networks, tmp_path, **asked)
    again = run(networks, tmp_path, **asked)
    same(first, again)
    probabilities, segmentation, records = first
    pd.testing.assert_frame_equal(probabilities, whole[0])
    pd.testing.assert_frame_equal(segmentation.drop(columns="hd95_mm"), whole[1])
    assert (segmentation["hd95_mm"] >= 0).all()
    for one, other in zip(records, again[2], strict=True):
        assert one.histograms == other.histograms
        row = one.segmentation[-1]
        counts = {h["histogram"]: np.array(h["n"]) for h in one.histograms[-4:]}
        hit, false = counts["inside"][50:].sum(), counts["outside"][50:].sum()
        dice = 2 * hit / (hit + false + counts["inside"].sum())
        assert dice == pytest.approx(row["dice"], abs=0.02)  # a probability of exactly .5 apart


def test_a_case_without_reference_has_no_histograms(networks, tmp_path, monkeypatch):
    load = Cohort.load
    monkeypatch.setattr(Cohort, "load", lambda self, name: load(self, name)._replace(tumour=None))
    _, segmentation, records = run(networks, tmp_path, extras=("hd95", "histograms"))
    assert segmentation["hd95_mm"].isna().all()
    assert all(record.histograms == [] for record in records)


class Rebuilding(torch.nn.Module):
    """Tells four classes apart by brightness, has no task, and says how well it rebuilds."""

    def __init__(self, rate=0.0):
        super().__init__()
        self.dropout, self.asked = torch.nn.Dropout3d(rate), 0

    def forward(self, images):
        return {"segmentation": self.dropout(images)}

    def reconstruction_error(self, images):
        self.asked += 1
        return self.dropout(images).square().mean((1, 2, 3, 4))


def test_a_network_that_tells_parts_apart_leaves_labels_and_no_task(tmp_path):
    network = Rebuilding()
    options = dict(sampler="deterministic", passes=(1,), mapped=(1,))
    passes, cells, records = run([network], tmp_path / "cases", **options)
    assert passes.columns.tolist() == ["case", "pass", "predicted_volume_mm3"]
    case = Cohort().load("b")
    labels = records[1].maps[1]["labels"]
    assert labels.dtype == torch.uint8
    assert torch.equal(labels, case.images.argmax(0))
    mean = 1 - case.images.softmax(0)[0]
    torch.testing.assert_close(records[1].maps[1]["mean"], mean)
    write_maps(records[1], case, tmp_path / "maps")
    written = nibabel.load(tmp_path / "maps" / "b" / "passes-001" / "labels.nii.gz")
    assert written.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(written.dataobj), labels)
    volume = cells.set_index("case").at["b", "predicted_volume_mm3"]
    assert volume == pytest.approx(float((labels > 0).sum()) * 24.0)
    again = run([network], tmp_path / "cases", **options)
    same(again, (passes, cells))
    assert torch.equal(again[2][1].maps[1]["labels"], labels)
    assert network.asked == len(Cohort.names)


@pytest.mark.parametrize(("sampler", "rate"), [("deterministic", 0.0), ("mc-dropout", 0.5)])
@pytest.mark.usefixtures("float64")
def test_the_error_of_reconstruction_is_that_with_dropout_asleep(tmp_path, sampler, rate):
    network = Rebuilding(rate)
    _, cells, _ = run([network], tmp_path, sampler=sampler, passes=(1, 3))
    expected = [float(Cohort().load(name).images.square().mean()) for name in Cohort.names]
    for _, rows in cells.groupby("passes"):
        np.testing.assert_allclose(rows["reconstruction_error"], expected, **FORMULA)
    assert cells.columns[-1] == "reconstruction_error"


@pytest.mark.usefixtures("float64")
def test_the_error_of_an_ensemble_is_the_mean_of_its_members(tmp_path):
    networks = [Rebuilding(), Rebuilding()]
    networks[1].reconstruction_error = lambda images: torch.zeros(1)
    _, cells, _ = run(networks, tmp_path, names=["a"], sampler="deep-ensemble", passes=(2,))
    expected = float(Cohort().load("a").images.square().mean()) / 2
    assert cells["reconstruction_error"].item() == pytest.approx(expected)


def test_networks_that_rebuild_nothing_have_no_such_column(whole):
    assert "reconstruction_error" not in whole[1]


@pytest.mark.parametrize(
    ("sampler", "passes", "kept"),
    [("deterministic", 1, False), ("deep-ensemble", 2, False), ("deep-ensemble", 1, True),
     ("mc-dropout", 4, True)],
)  # fmt: skip
def test_sums_are_kept_where_more_samples_may_come(networks, tmp_path, sampler, passes, kept):
    run(networks, tmp_path, names=["a"], sampler=sampler, passes=(passes,))
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        assert any(key.startswith("sum/") for key in file.keys()) == kept  # noqa: SIM118


def test_the_background_is_all_that_is_not_tumour_in_the_brain_or_not():
    probability = torch.tensor([[[0.9, 0.4, 0.2, 0.0]]])
    reference = torch.tensor([[[[1, 0, 0, 0]]]])
    assert background_probability(probability, reference) == pytest.approx(0.2)
    assert np.isnan(background_probability(probability, None))
