"""Reports of small notebooks: what fails, hangs, dies, is stopped or has run before; all through real kernels."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import forms
import nbformat
import psutil
import pytest

from fer_keras.base import progress
from fer_keras.base.typed import values
from fer_keras.report import kept
from fer_keras.report import run as report
from fer_keras.study.records import RECORD

NETS_OF_REPORTS = ("cnn_leaky", "cnn_1m", "cnn_pyramid", "cnn_fc3", "vgg16_bn")
IMPORTS = "import os, signal, subprocess, sys, time\nfrom pathlib import Path"
WAIT = "while not Path('{}').exists(): time.sleep(0.05)"
HANG = """child = subprocess.Popen(["sleep", "600"])
Path("processes").write_text(f"{os.getpid()} {child.pid}")
while True:
    try: time.sleep(1)
    except KeyboardInterrupt: print("no")"""


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of notebooks, and what adds one to it; each says in the file `ran` that it ran."""
    folder = tmp_path / "notebooks"
    (folder / "presets").mkdir(parents=True)
    (folder / "presets" / "quick.yaml").write_text("SEED: 1\n")
    (folder / "presets" / "smoke.yaml").write_text("SEED: 2\n")
    monkeypatch.setattr(report, "NOTEBOOKS", folder)

    def add(name: str, *cells: str, parameter: str = "") -> Path:
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [
            nbformat.v4.new_markdown_cell(f"# {name[:2]} · What now?"),
            nbformat.v4.new_code_cell(IMPORTS),
            nbformat.v4.new_code_cell(
                f'DATA: str = "embedded"  # faces\nSEED: int = 0  # of all\n{parameter}',
                metadata={"tags": ["parameters"]},
            ),
            *map(nbformat.v4.new_code_cell, [f"print('{name[:2]} ', end='', file=open('ran', 'a'))", *cells]),
        ]
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
        return folder

    return add


def ran(folder: Path) -> str:
    """The numbers of the notebooks that ran since the last call."""
    text = (folder / "ran").read_text() if (folder / "ran").exists() else ""
    (folder / "ran").unlink(missing_ok=True)
    return text.strip()


def ended(process: int) -> bool:
    for _ in range(50):
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def test_what_goes_wrong_is_named_and_shown_while_the_others_finish(notebooks, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JPY_SESSION_NAME", "where a bar can be drawn over")
    monkeypatch.setattr(progress, "in_kernel", lambda: True)
    notebooks("01_good", "Path('one').touch()\n" + WAIT.format("two"), "time.sleep(1)\nos.environ['OMP_NUM_THREADS']")
    notebooks(
        "02_error", "Path('two').touch()\n" + WAIT.format("one"), "raise ValueError('<b>no</b>\\nmore')", "'never'"
    )
    orphan = "Path('orphan').write_text(str(subprocess.Popen(['sleep', '600']).pid))"
    notebooks("03_dead", f"{orphan}\nos.kill(os.getpid(), signal.SIGKILL)", "'never'")
    notebooks("04_hung", HANG, "'never'")
    notebooks("05_left", "sys.exit(0)", "'never'")
    folder = notebooks("06_good", f"display({{'{RECORD}': {{'seed': {{'value': SEED}}}}}}, raw=True)")
    out = tmp_path / "out"
    failed = report.make_report(out, jobs=2, timeout=10)  # seconds that 01 may wait for 02, on a busy machine
    assert failed == {
        "02_error": "cell 6: ValueError: <b>no</b>",
        "03_dead": "cell 5: the kernel died; it was killed, ran out of memory or crashed",
        "04_hung": "cell 5: stopped after the 10 seconds that a cell may take",
        "05_left": "cell 5: it ended the notebook early",
    }
    assert sorted(ran(folder).split()) == ["01", "02", "03", "04", "05", "06"]
    left = [*(folder / "processes").read_text().split(), (folder / "orphan").read_text()]
    assert all(ended(int(process)) for process in left)
    assert not [child for child in psutil.Process().children() if "ipykernel" in " ".join(child.cmdline())]
    bar = capsys.readouterr().out
    assert (
        "running:" in bar and " cells" in bar and "04_hung 5/6" in bar and "\n" not in bar.strip().split("running:")[1]
    )

    executed = {path.stem: nbformat.read(path, 4) for path in (out / "executed").glob("*.ipynb")}
    for name, why in {"02_error": "ValueError", "03_dead": "kernel died", "04_hung": "may take"}.items():
        cells = executed[name].cells
        (banner,) = [cell for cell in cells[:1] if "papermill-error-cell-tag" in cell.metadata.get("tags", [])]
        assert "An Exception was encountered" in banner.source
        (at,) = [i for i, cell in enumerate(cells) if any(o.output_type == "error" for o in cell.get("outputs", []))]
        assert cells[at].metadata.papermill.status == "failed" and cells[at + 1].metadata.papermill.status == "pending"
        assert cells[at].execution_count == int(failed[name][5]) and cells[at + 1].source == "'never'"
        page = (out / f"{name}.html").read_text()
        assert why in page and "<b>no</b>" not in page
        nbformat.validate(executed[name])
    assert not executed["05_left"].cells[-1].outputs
    threads = executed["01_good"].cells[-1].outputs[0].data["text/plain"]
    assert threads == repr(str(max(1, report.joblib.cpu_count() // 2)))
    index = (out / "index.html").read_text()
    assert "03_dead.html" in index and "<b>no</b>" not in index
    kept = {path.stem: json.loads(path.read_text()) for path in (out / "records").glob("*.json")}
    assert kept["06_good"]["values"] == {"seed": {"value": 1}} and kept["06_good"]["failed"] is None
    assert kept["03_dead"]["failed"] == failed["03_dead"]
    assert 20 < kept["06_good"]["peak_mb"] < 500 and 0.2 < kept["06_good"]["seconds"] < kept["04_hung"]["seconds"]


def test_only_what_has_changed_runs_again(notebooks, tmp_path, drawn, monkeypatch):
    package, out = tmp_path / "package", tmp_path / "out"
    package.mkdir()
    (package / "models.py").write_text("1")
    monkeypatch.setattr(report, "HERE", package)
    notebooks("01_one")
    folder = notebooks("02_two", "if Path('bad').exists(): raise ValueError")
    source = forms.csv(tmp_path / "faces.csv", drawn[:50])

    def runs(**options) -> str:
        report.make_report(out, str(source), jobs=1, **options)
        return ran(folder)

    assert runs() == "01 02"
    pages = (out / "01_one.html").stat().st_mtime_ns
    assert runs() == "" and (out / "01_one.html").stat().st_mtime_ns > pages
    assert runs(only="02", fresh=True) == "02"
    assert "01_one.html" in (out / "index.html").read_text()
    notebooks("02_two", "if Path('bad').exists(): raise ValueError", "'changed'")
    assert runs() == "02"
    with pytest.raises(report.ReportError, match="another report, quick on faces"):
        runs(only="01", parameters={"SEED": 3})
    (package / "report").mkdir()
    (package / "report" / "pages.py").write_text("renders only")
    assert runs() == ""
    (package / "models.py").write_text("2")
    (folder / "bad").touch()
    assert runs() == "01 02"
    (folder / "bad").unlink()
    assert runs() == "02"  # had failed
    forms.csv(source, drawn[:49])
    for other in ({}, {"preset": "smoke"}, {"parameters": {"DATA": "embedded"}}):
        with pytest.raises(report.ReportError, match="another report"):
            runs(**other)
    report.make_report(tmp_path / "smoke", str(source), "smoke", "02")
    record = json.loads((tmp_path / "smoke" / "records" / "02_two.json").read_text())
    assert record["parameters"] == {"DATA": "faces.csv", "SEED": 2}


def test_a_failure_leaves_the_last_good_page_and_the_others(notebooks, tmp_path):
    out = tmp_path / "out"
    notebooks("01_one")
    folder = notebooks(
        "02_two", "if Path('bad').exists(): raise ValueError('no')", f"display({{'{RECORD}': {{}}}}, raw=True)"
    )
    assert report.make_report(out) == {}
    (folder / "bad").touch()
    assert report.make_report(out, only="02", fresh=True) == {"02_two": "cell 5: ValueError: no"}
    assert (
        "A later run failed" in (out / "02_two.html").read_text() and "01_one.html" in (out / "index.html").read_text()
    )
    assert "ValueError" in (out / "02_two.failed.html").read_text()
    assert json.loads((out / "records" / "02_two.json").read_text())["failed"] is None
    (folder / "bad").unlink()
    assert report.make_report(out) == {} and not list(out.rglob("*.failed.*"))


@pytest.mark.parametrize("letter, net", zip("abcde", NETS_OF_REPORTS, strict=True))
def test_each_report_can_be_had_as_it_was(letter, net, tmp_path, drawn):
    """Its own net at full width on its own split, in notebooks that answer its questions; slim on the drawn faces."""
    csv = forms.csv(tmp_path / "fer2013.csv", drawn[:700])
    for data, wide in ((str(csv), True), ("embedded", False)):
        plans = report._plans(tmp_path, data, f"report-{letter}", "", {})
        assert 5 <= len(plans) <= 7 and "00_first_net" not in {plan.path.stem for plan in plans}
        for plan in plans:
            given, known = plan.parameters, set(report.papermill.inspect_notebook(plan.path))
            assert given.get("MODEL", net) == net and given.get("SPLIT", "theirs") == "theirs"
            assert "WIDTH" not in known or (given["WIDTH"] == 1) == wide
    declared = set().union(*(report.papermill.inspect_notebook(plan.path) for plan in plans))
    written = report.yaml.safe_load((report.NOTEBOOKS / "presets" / f"report-{letter}.yaml").read_text())
    assert set(written) - {"NOTEBOOKS", "SLIM"} <= declared, "what no notebook takes"
    only = report._plans(tmp_path, "embedded", f"report-{letter}", "21", {})
    assert [plan.path.stem for plan in only] == ["21_confusion"]


@pytest.mark.parametrize("path", ["/d", "/data/my faces", '/data/a "quoted"\nname', "/data/ü\\n/fer.csv"])
def test_a_folder_of_this_machine_is_named_nowhere_and_nothing_else_is_touched(path):
    picture = "iVBOR+/d+d0KG" + "/d" * 9
    source = f"# Parameters\nDATA = {json.dumps(path)}\nFACES = 3\n"
    texts = nbformat.v4.new_output("stream", text=f"read {path}, and/d {path}2")
    shown = nbformat.v4.new_output("display_data", {"image/png": picture, "text/plain": f"'{path}'"})
    error = nbformat.v4.new_output("error", ename="E", evalue=path, traceback=[f"in {path}"])
    cell = nbformat.v4.new_code_cell(source, outputs=[texts, shown, error], metadata={"tags": ["injected-parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"parameters": {"DATA": path, "B": 1}}})
    kept.hide(notebook, "DATA", path, "fer.csv")
    found = nbformat.reads(nbformat.writes(notebook), 4)
    nbformat.validate(found)
    assert found.metadata.papermill.parameters == {"DATA": "fer.csv", "B": 1}
    assert found.cells[0].source == '# Parameters\nDATA = "fer.csv"\nFACES = 3\n'
    text, data, wrong = found.cells[0].outputs
    assert text.text == f"read fer.csv, and/d {path}2" and data.data["image/png"] == picture
    assert data.data["text/plain"] == "'fer.csv'" and (wrong.evalue, wrong.traceback) == ("fer.csv", ["in fer.csv"])


def test_a_name_with_quotes_and_escapes_stands_in_the_parameters_as_it_is():
    source = 'DATA = "/data/x"\nFACES = 3'
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    name = 'a "quoted" \\1 \\n\nname.csv'
    kept.hide(nbformat.v4.new_notebook(cells=[cell]), "DATA", "/data/x", name)
    assert ast.literal_eval(cell.source.splitlines()[0].removeprefix("DATA = ")) == name
    assert cell.source.splitlines()[1:] == ["FACES = 3"]


def test_a_record_that_was_changed_is_not_taken_for_what_was_kept(tmp_path):
    went = {"failed": None, "seconds": 1.0, "peak_mb": 50}
    plan = kept.Plan(Path("01_faces.ipynb"), {}, {"data": "embedded", "preset": "quick"})
    kept.keep(nbformat.v4.new_notebook(metadata={"fer_keras": went}), plan, "key", tmp_path)
    assert kept.unchanged(plan, "key", tmp_path) and not kept.unchanged(plan, "another", tmp_path)
    record = tmp_path / "records" / "01_faces.json"
    record.write_text(record.read_text().replace('"peak_mb": 50', '"peak_mb": 51'))
    assert not kept.unchanged(plan, "key", tmp_path)


def test_a_page_of_others_is_not_replaced(tmp_path):
    about = {"data": "embedded", "preset": "quick", "given": {}, "fingerprint": "0"}
    (index := tmp_path / "index.html").write_text("<title>Mine</title>")
    with pytest.raises(report.ReportError, match=r"holds an index.html that no report wrote: name"):
        kept.refuse_another(tmp_path, about)
    index.unlink()
    kept.refuse_another(tmp_path, about)
    report.write_site(tmp_path)  # as of a folder of reports
    kept.refuse_another(tmp_path, about)


def test_a_report_of_other_settings_has_a_folder_of_its_own():
    folders = [
        ("embedded", "quick", {}), ("embedded", "smoke", {}), ("a/fer2013.csv", "full", {}),
        ("embedded", "quick", {"SEED": 3, "DATA": "b/mine.tar.gz", "RECORDS": "x"}),
    ]  # fmt: skip
    names = [str(kept.folder_of(*each)) for each in folders]
    assert names == ["reports", "reports/smoke", "reports/fer2013-full", "reports/mine-quick-SEED-3"]


def test_who_reads_the_records_runs_when_all_others_have_ended(notebooks, tmp_path):
    out = tmp_path / "my out"
    seed = f"display({{'{RECORD}': {{'seed': {{'value': SEED}}}}}}, raw=True)"
    folder = notebooks("01_slow", "time.sleep(1)", seed)
    notebooks("02_quick")
    look = "Path('seen').write_text(' '.join(p.read_text() for p in sorted(Path(RECORDS).glob('0*.json'))))"
    notebooks("90_reads", look, parameter='RECORDS: str = ""  # where the others leave theirs')
    report.make_report(out, jobs=2)
    assert sorted(ran(folder).split()) == ["01", "02", "90"]
    seen = (folder / "seen").read_text()
    assert '"notebook": "01_slow"' in seen and '"notebook": "02_quick"' in seen
    report.make_report(out, jobs=2)
    assert ran(folder) == ""
    notebooks("01_slow", seed.replace("SEED", "7"))
    report.make_report(out, only="01")
    report.make_report(out, only="90")  # whose records have changed
    assert ran(folder) == "01 90" and '"value": 7' in (folder / "seen").read_text()
    for left in (out / "executed" / "90_reads.ipynb", out / "90_reads.html", out / "records" / "90_reads.json"):
        assert str(tmp_path) not in left.read_text(), "a machine's path"


def in_a_process(folder: Path, *arguments: str, before: str = "") -> subprocess.Popen:
    code = f"""import pathlib, signal, sys
from fer_keras.report import kept
from fer_keras.report import run as report
from fer_keras.study.records import RECORD
from fer_keras.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
report.NOTEBOOKS = pathlib.Path({str(folder)!r})
{before}
sys.exit(main(["report", *{list(map(str, arguments))}]))"""
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_ctrl_c_stops_all_and_the_same_call_goes_on(notebooks, tmp_path):
    out = tmp_path / "out"
    notebooks("01_quick")
    notebooks("02_long", "if not Path('hurry').exists():\n" + "\n".join(f"    {line}" for line in HANG.splitlines()))
    folder = notebooks("03_never")
    process = in_a_process(folder, "--out", out, "--jobs", 1)
    for _ in range(600):
        if (folder / "processes").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert time.perf_counter() - start < 15  # seconds for Python to end on a busy machine; the kernel takes 0.2
    assert process.returncode == 130
    said = [line for line in error.strip().splitlines() if not line.startswith("about ")]  # on a busy machine
    assert said[0].startswith("01_quick: done (") and said[1:] == [
        "fer-keras: stopped; the same call goes on from here"
    ]
    assert all(ended(int(number)) for number in (folder / "processes").read_text().split())
    assert [path.name for path in (out / "executed").iterdir()] == ["01_quick.ipynb"]
    assert ran(folder) == "01 02"
    (folder / "hurry").touch()
    assert report.make_report(out) == {} and sorted(ran(folder).split()) == ["02", "03"]


def test_a_folder_that_takes_no_files_is_told_in_one_sentence(notebooks, tmp_path):
    notebooks("01_big", "'x' * 50_000")
    folder = notebooks("02_long", HANG)
    (tmp_path / "file").touch()
    for out, before, why in (
        (tmp_path / "file", "", "Not a directory"),
        # a file may then have 20 kB, which is as real as a full disk
        (tmp_path / "out", "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))", "too large"),
    ):
        process = in_a_process(folder, "--out", out, "--jobs", 2, before=before)
        _, error = process.communicate(timeout=60)
        said = [line for line in error.splitlines() if "not cached" not in line]
        assert process.returncode == 1 and len(said) == 1, error
        assert said[0].startswith(f"fer-keras: {out} could not be written: ") and why in said[0]
    if (folder / "processes").exists():
        assert all(ended(int(number)) for number in (folder / "processes").read_text().split())
    assert os.listdir(tmp_path / "out" / "executed") == []


@pytest.mark.parametrize(
    "name, text", [("SEED", "010"), ("SEED", "1:30"), ("SEED", "nonsense"), ("SEED", "true"), ("WIDTH", "wide")]
)
def test_a_value_of_another_kind_than_the_parameter_is_refused(tmp_path, name, text):
    with pytest.raises(report.ReportError, match=f"{name} is (int|float), not "):
        report._plans(tmp_path, "embedded", "quick", "21", values([[name, text]]))
    assert len(report._plans(tmp_path, "embedded", "quick", "21", {"WIDTH": 1})) == 1
    assert report.fitting({"MODEL": 7}, [{"MODEL": {"inferred_type_name": "str"}}]) == {"MODEL": "7"}


def test_values_on_the_command_line_are_what_they_look_like():
    typed = {"1": 1, "-0.5": -0.5, "1e-3": 0.001, "[1, 2]": [1, 2], "true": True, "False": False, "null": None}
    typed |= {"{1: 0.01, 11: 0.002}": {1: 0.01, 11: 0.002}, "{loss: 0.65}": {"loss": 0.65}, '"3"': "3", "'3'": "3"}
    typed |= {text: text for text in ("010", "1:30", "yes", "nonsense", "NaN", "cnn_1m, dnn_narrow", "")}
    assert {text: values([["name", text]])["name"] for text in typed} == typed
    with pytest.raises(ValueError, match=r"the value of r, \{loss: , is no number, text or list"):
        values([["r", "{loss: "]])
    with pytest.raises(ValueError, match=r"the value of r, \[2021-02-31\], is no number"):
        values([["r", "[2021-02-31]"]])
