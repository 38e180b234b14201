"""A notebook that cannot be shown is named, and the other pages and the index still appear."""

import nbformat
import pages
import pytest

from fer_keras.report.pages import noted, write_site


@pytest.fixture
def out(tmp_path):
    for name in ("01_first", "02_second"):
        pages.leave(tmp_path, name, nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# Is it {name}?")]))
    return tmp_path


@pytest.mark.parametrize(
    "damage", [lambda text: text[:100], lambda text: "[]", lambda text: text.replace("cells", "c")]
)
def test_a_damaged_notebook_is_named_and_the_others_are_shown(out, damage):
    path = out / "executed" / "02_second.ipynb"
    path.write_text(damage(path.read_text()))
    with pytest.warns(UserWarning, match=r"02_second.ipynb cannot be shown .*--only 02 --fresh"):
        write_site(out)
    assert "Is it 01_first?" in (out / "index.html").read_text() and (out / "01_first.html").exists()


def test_a_page_that_cannot_be_rendered_says_so_and_the_others_are_shown(out, monkeypatch):
    from fer_keras.report import pages as site

    render = site.render

    def fails(page, listed):
        if page["path"].stem == "02_second":
            raise KeyError("<odd>")
        return render(page, listed)

    monkeypatch.setattr(site, "render", fails)
    with pytest.warns(UserWarning, match=r"02_second.ipynb cannot be shown \(KeyError: '<odd>'\)"):
        write_site(out)
    assert "Is it 01_first?" in (out / "01_first.html").read_text()
    assert "KeyError: &#39;&lt;odd&gt;&#39;" in (out / "02_second.html").read_text()
    assert "Is it 02_second?" in (out / "index.html").read_text()


@pytest.mark.parametrize("text", ["[", "[]", "{}", '{"metadata": 5}', "[" * 100_000], ids=range(5))
def test_nothing_is_noted_of_a_run_in_what_is_no_notebook(tmp_path, text):
    (tmp_path / "odd.ipynb").write_text(text)
    assert noted(tmp_path / "odd.ipynb") == {}
