"""A step's `main` gets everything that its rule names, by name, as Snakemake hands it over."""

from glioma_uq.steps import arguments, run, with_dicts

import pytest
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Snakemake, Wildcards

from glioma_uq.environment import check_names_readable
from glioma_uq.errors import BadCase, BadInput


def files(parts, named):
    """Fill `parts` as Snakemake does: all files in one list, a name for a file or a span."""
    for name, paths in named.items():
        start = len(parts)
        parts += paths if isinstance(paths, list) else [paths]
        parts._set_name(name, start, len(parts) if isinstance(paths, list) else None)
    return parts


def job(inputs=(), outputs=(("table", "out.csv"),), params=(), wildcards=(), log="log", threads=1):
    """Return what Snakemake gives the script of a job of a rule with these names."""
    return Snakemake(
        input_=files(InputFiles(), dict(inputs)),
        output=files(OutputFiles(), dict(outputs)),
        params=Params(fromdict=dict(params)),
        wildcards=Wildcards(fromdict=dict(wildcards)),
        threads=threads,
        resources={},
        log=Log([str(log)]),
        config={},
        rulename="a_rule",
        bench_iteration=None,
    )


def test_inputs_and_params_go_by_their_names():
    def main(*, cells, seed, output): ...

    inputs, params = {"cells": ["a.csv", "b.csv"]}, {"seed": 7}
    given = arguments(main, job(inputs, params=params))
    assert given == {"cells": ["a.csv", "b.csv"], "seed": 7, "output": "out.csv"}
    main(**given)


def test_a_list_of_one_file_stays_a_list_and_a_file_stays_a_path():
    def main(*, cells, table, output): ...

    given = arguments(main, job({"cells": ["a.csv"], "table": "b.csv"}))
    assert (given["cells"], given["table"]) == (["a.csv"], "b.csv")
    assert arguments(main, job({"cells": [], "table": "b.csv"}))["cells"] == []


def test_several_outputs_go_by_their_names_and_a_single_one_may():
    def named(*, model, curve): ...

    def one(*, table): ...

    both = {"model": "m.safetensors", "curve": "c.csv"}
    assert arguments(named, job(outputs=both)) == both
    assert arguments(one, job()) == {"table": "out.csv"}


def test_several_outputs_are_not_called_output():
    def main(*, output): ...

    assert "output" not in arguments(main, job(outputs={"pdf": "a.pdf", "png": "a.png"}))


def test_names_with_two_lines_between_become_dicts():
    def main(*, scans, normalised): ...

    given = arguments(
        main,
        job(
            {"scans__t1": "t1.nii", "scans__t1ce": "t1ce.nii"},
            {"normalised__t1": "n1.nii", "normalised__brain_mask": "b.nii"},
        ),
    )
    assert given == {
        "scans": {"t1": "t1.nii", "t1ce": "t1ce.nii"},
        "normalised": {"t1": "n1.nii", "brain_mask": "b.nii"},
    }


def test_a_name_with_one_line_is_no_dict_and_the_first_two_lines_count():
    assert with_dicts({"of_cell": 1, "a__b__c": 2, "a__d_e": 3}) == {
        "of_cell": 1,
        "a": {"b__c": 2, "d_e": 3},
    }


def test_wildcards_and_threads_are_given_to_those_who_ask():
    def asks(*, case, threads, output): ...

    def does_not(*, output): ...

    one = job(wildcards={"case": "P-1", "fold": "2"}, threads=4)
    assert arguments(asks, one) == {"case": "P-1", "threads": 4, "output": "out.csv"}
    assert arguments(does_not, one) == {"output": "out.csv"}


def test_a_param_decides_over_the_wildcard_of_its_name():
    """A sampler's network is a part of the name that its folder has."""

    def main(*, network, output): ...

    one = job(params={"network": "csnet"}, wildcards={"network": "csnet-deterministic"})
    assert arguments(main, one)["network"] == "csnet"


@pytest.mark.parametrize("name", ["library", "depends_on"])
def test_what_only_decides_on_reruns_is_for_those_who_ask(name):
    def does_not(*, output): ...

    for part in ("inputs", "params"):
        assert arguments(does_not, job(**{part: {name: "abc"}})) == {"output": "out.csv"}


def test_the_step_of_a_checkpoint_asks_for_its_code():
    def asks(*, library, output): ...

    assert arguments(asks, job(params={"library": "abc"}))["library"] == "abc"


def test_anything_else_that_main_does_not_take_is_refused_by_the_call():
    """Nothing that a rule names is lost without a word."""

    def main(*, output): ...

    with pytest.raises(TypeError, match="unexpected keyword argument 'sed'"):
        main(**arguments(main, job(params={"sed": 1})))


@pytest.mark.parametrize(
    "named",
    [
        {"inputs": {"seed": "a"}, "params": {"seed": 1}},
        {"inputs": {"table": "a"}, "outputs": {"table": "b", "other": "c"}},
        {"params": {"table": "a"}, "outputs": {"table": "b", "other": "c"}},
    ],
)
def test_one_name_for_two_things_is_refused(named):
    def main(*, seed=0, table=0, other=0): ...

    with pytest.raises(TypeError, match=r"a_rule uses the name (seed|table) twice"):
        arguments(main, job(**named))


def test_a_step_that_takes_anything_gets_all_names_but_those_of_reruns():
    """As draw_figure, whose inputs are those of the figure."""

    def main(*, figure, pdf, png, **made_of): ...

    one = job(
        {"ranks": "r.csv"},
        {"pdf": "a.pdf", "png": "a.png"},
        {"level": 0.95, "library": "x"},
        {"figure": "froc"},
    )
    assert arguments(main, one) == {
        "ranks": "r.csv", "pdf": "a.pdf", "png": "a.png", "level": 0.95, "figure": "froc",
    }  # fmt: skip


def test_what_main_prints_goes_to_the_log_of_the_job(tmp_path, capsys):
    def main(*, seed, output):
        print(f"seed {seed} for {output}")

    run(main, job(params={"seed": 3}, log=tmp_path / "logs" / "job.log"))
    assert "seed 3 for out.csv" in (tmp_path / "logs" / "job.log").read_text()


def test_a_script_with_the_library_of_another_checkout_stops_and_its_log_says_so(tmp_path):
    given = job(log=tmp_path / "log")
    given.scriptdir = str(tmp_path / "other/workflow_scripts")
    with pytest.raises(SystemExit, match="expected the library glioma_uq of .*other.*, found that"):
        run(lambda **_: None, given)
    assert "found that of" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("error", [BadInput, BadCase])
def test_a_job_that_ends_with_a_sentence_shows_that_and_the_path_of_its_log(tmp_path, error):
    def main(**_):
        raise error("expected a, found b, do c")

    log = tmp_path / "log"
    with pytest.raises(SystemExit) as ended:
        run(main, job(log=log))
    assert ended.value.code == f"expected a, found b, do c\nThe log of this job: {log}"
    assert log.read_text() == "expected a, found b, do c\n"


def test_a_bug_in_a_job_is_no_sentence(tmp_path):
    def main(**_):
        raise ValueError("a bug of ours")

    with pytest.raises(ValueError, match="a bug of ours"):
        run(main, job(log=tmp_path / "log"))


def test_names_beyond_ascii_need_a_shell_in_utf_8():
    check_names_readable(["P-1", "Müller"], "utf-8")
    check_names_readable(["P-1"], "GBK")
    with pytest.raises(BadInput, match="a shell in UTF-8 for the name 'M.xfcller', found GBK, run"):
        check_names_readable(["P-1", "Müller"], "GBK")
