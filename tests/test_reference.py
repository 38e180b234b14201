"""The reference: every public name stands in it, its examples run, and its page opens like the others."""

import doctest

import pytest
from test_pages import browser, complaints, soup, visit, w3c_errors  # noqa: F401, fixtures

import fer_keras
from fer_keras.__main__ import main
from fer_keras.report import reference

NAMES = [name for name in fer_keras.__all__ if callable(getattr(fer_keras, name))]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    assert main(["docs", "--out", str(folder / "new" / "reference.html")]) == 0
    return folder / "new" / "reference.html"


@pytest.fixture(scope="module")
def begun():
    """What the examples go on from."""
    names = {}
    for example in doctest.DocTestParser().get_examples(reference.BEGIN):
        exec(example.source, names)
    return names


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example_that_runs(name, begun, monkeypatch):
    monkeypatch.setattr("fer_keras.study.records.display", lambda *_, **__: None)  # a notebook shows no records
    text = getattr(fer_keras, name).__doc__
    test = doctest.DocTestParser().get_doctest(text, dict(begun), name, None, None)
    assert test.examples, f"the docstring of {name} has no example"
    told = []
    doctest.DocTestRunner().run(test, out=told.append)
    assert not told, "".join(told)


def test_the_page_tells_of_every_public_name_what_its_docstring_says(page):
    found = soup(page)
    assert [section.h2["id"] for section in found.find_all("section")] == fer_keras.__all__
    for name in NAMES:
        section = found.find(id=name).parent
        text = "".join(getattr(fer_keras, name).__doc__.replace("`", "").split())
        shown = "".join(section.get_text().split()).replace(":", "")
        for word in set(text.replace(":", "").split(".")):
            assert word in shown, (name, word)
    assert "'angry', 'disgust'" in found.find(id="EMOTIONS").parent.text.replace('"', "'")


def test_parameters_fields_and_members_stand_apart(page):
    found = soup(page)
    train = {term.text: term.find_next("dd").text for term in found.find(id="train").parent.find_all("dt")}
    assert {"net", "recipe", "options", "changes", "callbacks, compile_options", "loggers", "title"} == set(train)
    assert train["changes"] == "fields of the recipe."
    faces = found.find(id="Faces").parent
    assert "uint8 (n, 48, 48)" in faces.find("dt", string="images").find_next("dd").text
    assert faces.find("h3", id="Faces.split") and not faces.find(id="Faces.__len__")
    called = found.find(id="FaceBatches").find_next("div", class_="called").text
    assert called.startswith("FaceBatches(") and "self" not in called and "batch_size: int = 128" in called
    assert found.find(id="Run.model").find_next("div", class_="called").text.strip() == "model"
    assert found.find(id="train").parent.select_one("dd a")["href"] == "#build"


def test_the_reference_needs_no_tensorflow_and_no_network(tmp_path):
    import subprocess
    import sys

    code = "import sys; from fer_keras.report.reference import page; page(False); print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_it_is_not_written_over_what_is_no_file(tmp_path, capsys):
    assert main(["docs", "--out", str(tmp_path)]) == 1
    assert "cannot be written: it is a folder" in capsys.readouterr().err
    (loop := tmp_path / "loop").symlink_to(loop)
    assert main(["docs", "--out", str(loop)]) == 1
    assert "loop cannot be written: it is no regular file" in capsys.readouterr().err


def test_the_page_passes_the_w3cs_checker(page):
    assert w3c_errors(page.parent) == []


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_the_page_opens_without_network_and_without_complaints(page, visit, size, scheme):  # noqa: F811
    opened = visit(page, size, scheme)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints(opened) == [] and opened.trouble == []
