"""Studies from somebody else: what they could run, name and reach."""

import copy

from situations import situation


def said_of(cohort, text, *more):
    """Return what `make check-study` says of a study with this text, or of several files."""
    from glioma_uq.configuration.studies_of_others import in_words
    from glioma_uq.errors import BadInput

    paths = []
    for number, content in enumerate((text, *more)):
        paths.append(cohort.folder / f"theirs{number}.yaml")
        paths[-1].write_text(content.replace("RAN", str(cohort.folder / "ran")), encoding="utf-8")
    try:
        said = "\n".join(in_words(paths))
    except BadInput as error:
        said = str(error)
    assert not (cohort.folder / "ran").exists(), "the check has run the study"
    return said


def refused(config):
    """Return why a run would refuse a study that differs from the default one by `config`."""
    from configs import checked

    from glioma_uq.errors import BadInput

    try:
        checked(copy.deepcopy(config))
    except BadInput as error:
        return str(error)
    return "accepted"


CODE = 'study: \'?open("RAN", "w").write("x")\'\n'
FOUND = "found the key __use_yte__, with which Snakemake runs texts of the file as code"
FOLDER = "cohort: {{name: x, source: folder, folder: {{path: {0}}}, labels: {{table: {1}}}}}\n"
BY = {
    "the key that makes Snakemake run it": "__use_yte__: true\n" + CODE,
    "that key, brought by an alias and a merge": "a: &a {__use_yte__: true}\n<<: *a\n" + CODE,
    "that key, spelt in escapes": '"__\\x75se_yte__": true\n' + CODE,
    "that key behind an explicit tag": "? !!str __use_yte__\n: 1\n" + CODE,
    "that key in JSON": '{"__use_yte__": true, "study": "x"}',
}


def enter(what, text):
    @situation("studies of others", f"a study has {what}", right=FOUND)
    def runs_code(cohort):
        return said_of(cohort, text)


for what, text in BY.items():
    enter(what, text)


@situation(
    "studies of others",
    "a study is a file of 60 MB",
    right="expected at most 1,000,000 bytes of settings",
)
def large(cohort):
    return said_of(cohort, "a: 1\n" + "# nothing\n" * 6_000_000)


@situation("studies of others", "the second file of a study has that key", right=FOUND)
def second_file(cohort):
    return said_of(cohort, "study: x\n", "__use_yte__: true\n")


@situation("studies of others", "a study is an object of Python", right="expected YAML in")
def object_of_python(cohort):
    return said_of(cohort, "study: !!python/object/apply:os.system ['touch RAN']\n")


@situation("studies of others", "a study names a program in place of HD-BET", right="found it in")
def program(cohort):
    return refused({"preprocessing": {"hd_bet": {"command": str(cohort.folder / "hd-bet")}}})


@situation(
    "studies of others",
    "a study names the hash of weights that it brings",
    right="leave it out there, and export GLIOMA_UQ_HD_BET_SHA256",
)
def hash_of_weights(cohort):
    return refused({"preprocessing": {"hd_bet": {"sha256": 64 * "0"}}})


@situation(
    "studies of others", "a folder from others holds a program called as HD-BET's", right=True
)
def planted_program(cohort):
    import os

    from glioma_uq import machine

    planted = cohort.folder / ".venv-hd-bet" / "bin" / "hd-bet"
    planted.parent.mkdir(parents=True)
    planted.touch()
    before = os.getcwd()
    os.chdir(cohort.folder)
    try:
        return os.path.abspath(machine.settings_of_hd_bet()["command"]) != str(planted)
    finally:
        os.chdir(before)


@situation("studies of others", "a network is called like a module elsewhere", right="of the form")
def network(cohort):
    return refused({"networks": ["csnet", "..machine"]})


@situation(
    "studies of others", "a study reads a device as the file of its cohort", right="found no"
)
def device(cohort):
    return said_of(cohort, "study: x\ncohort: /dev/zero\n")


@situation(
    "studies of others",
    "twenty aliases make a million values",
    right="expected at most 100,000 values",
)
def aliases(cohort):
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 21))]
    return said_of(cohort, "\n".join(lines))


@situation(
    "studies of others",
    "a study reads a private table as labels",
    right="cohort.labels.table: /home/me/salaries.csv",
)
def private_table(cohort):
    return said_of(cohort, FOLDER.format("scans", "/home/me/salaries.csv"))


@situation("studies of others", "a study's path leads out by a link", right="cohort.folder.path")
def link_out(cohort):
    link = cohort.folder / "link"
    link.symlink_to("/etc")
    return said_of(cohort, FOLDER.format(link, "labels.csv"))


@situation("studies of others", "a study from a colleague who means well", right="and no code")
def well_meant(cohort):
    return said_of(cohort, "study: x\nseed: 3\n" + FOLDER.format("scans", "labels.csv"))
