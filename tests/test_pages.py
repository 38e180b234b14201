"""The site: every formula understood, everything escaped, and its pages opened in a real browser."""

import os
import shutil
import subprocess
import unicodedata
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pages
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import require
from fontTools.ttLib import TTFont
from nbconvert import HTMLExporter
from PIL import Image, ImageStat

from fer_keras.report import page as rendering
from fer_keras.report.formulas import FormulaError, mathml
from fer_keras.report.pages import first_sentence, title, write_site

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 5e6  # bytes of a page


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A site of a page with everything, run on evil data, between two that ran on drawn faces."""
    out = tmp_path_factory.mktemp("site")
    for name, changes in {
        "01_first": {},
        "07_everything": {
            "data": f"{pages.EVIL}.csv",
            "parameters": {"DATA": f"{pages.EVIL}.csv", "NAME": pages.EVIL},
            "failed": f"cell 12: ValueError: {pages.EVIL}",
        },
        "40_last": {"began": 1e9 + 60},
        "40_last.failed": {"failed": f"cell 3: {pages.EVIL}", "began": 1e9 + 6000},
    }.items():
        notebook = pages.everything()
        if name != "07_everything":  # neither an error nor an unknown formula
            del notebook.cells[-1]
            notebook.cells[2].source = notebook.cells[2].source.split("\n\nand one that")[0]
        pages.leave(out, name, notebook, **changes)
    with pytest.warns(
        rendering.FormulaWarning, match=r"07_everything: the formula .*unknownmacro.* is not understood: Unknown"
    ):
        write_site(out)
    return out


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_formula_of_a_notebook_is_understood_and_in_the_font(path):
    font = TTFont(rendering.TEMPLATES / "report" / "math.woff").getBestCmap()
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "markdown":
            text = BeautifulSoup(rendering._markdown(cell.source), "html.parser")
            assert not text.select(".tex")
            for formula in text.find_all("math"):
                missing = {c for c in characters(formula) if ord(c) not in font}
                assert not missing, (formula["alttext"], missing)


def characters(formula) -> set[str]:
    """What a browser draws: a single letter stands for the italic one."""
    found = set()
    for token in formula.find_all(["mi", "mn", "mo", "mtext"]):
        text = token.get_text()
        if token.name == "mi" and len(text) == 1 and unicodedata.name(text).startswith(("LATIN", "GREEK SMALL")):
            name = unicodedata.name(text).replace("LATIN ", "").replace("GREEK ", "").replace("LETTER ", "")
            text = "ℎ" if text == "h" else unicodedata.lookup(f"MATHEMATICAL ITALIC {name}")
        found |= set(text)
    return found - {"\xa0"}


@pytest.mark.parametrize(
    ("tex", "holds"),
    [
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "<mtr>*2"),
        (r"\begin{gathered} a \\ b \end{gathered}", "<mtr>*2"),
        (r"\begin{align} a &= b \\ c &= d \end{align}", "<mtr>*2"),
        (r"\operatorname*{arg\,max}_{\theta} f", "<mi>arg\u2009max</mi></mrow><mi>θ</mi></munder>"),
        (r"\max_k f", "<mi>max</mi></mrow><mi>k</mi></munder>"),
        (r"\boldsymbol{\theta}", "<mi>𝜽</mi>"),
        (r"\mathbf{1}", "<mi>𝟏</mi>"),
        (r"\mathrm{d}", '<mi mathvariant="normal">d</mi>'),
        (r"a \sim b", ">∼</mo>"),
        (r"a \pm b", "<mo>±</mo>"),
        (r"a = -b", '<mo lspace="0" rspace="0">−</mo>'),
        (r"a - b", "<mo>−</mo>"),
        (r"y \log x", '<mspace width="0.1667em"/>'),
        (r"\overline{ab}", 'stretchy="true">¯</mo>'),
        (r"a < b", "<mo>&lt;</mo>"),
        (r"a/b", '<mo lspace="0" rspace="0">/</mo>'),
        (r"a \neq b \not= c", "≠*2"),
    ],
)
def test_formulas_are_set_as_tex_sets_them(tex, holds):
    text, _, times = holds.partition("*")
    found = mathml(tex, display=True)
    ElementTree.fromstring(found.replace("&ApplyFunction;", ""))  # well formed
    assert "<mtext>(1)" not in found and found.count(text) == int(times or 1), found


@pytest.mark.parametrize(
    "tex",
    [r"\foo{x}", r"\frac{a}{b", "a & b", r"\text{if $x$}", r"\left( x", " ",
     r"\begin{tikz}x\end{tikz}", r"\hline", r"\label{x}"],
)  # fmt: skip
def test_a_formula_that_is_not_understood_is_refused_in_a_sentence(tex):
    with pytest.raises(FormulaError, match="formula"):
        mathml(tex)


def test_nothing_from_data_becomes_markup(site):
    for path in site.glob("*.html"):
        page = soup(path)
        assert not page.find_all(["script", "iframe", "object", "form"])
        assert not [tag for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
        assert not [image["src"][:30] for image in page.find_all("img") if not image["src"].startswith("data:")]
        assert not [a["href"] for a in page.find_all("a", href=True) if a["href"].lower().startswith("javascript")]
        assert "default-src 'none'" in page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    page = soup(site / "07_everything.html")
    assert page.select_one(".out em").text == pages.EVIL  # in prose
    assert page.select_one('.out a[href="https://e.org/p.png"]').text == "p"  # a picture from elsewhere is a link
    text = page.get_text()
    assert text.count(pages.EVIL) >= 6  # file, parameter, failure, Markdown, text and error: shown as they are written
    assert "for <b>x</b>" in text and "<b>x</b>" in soup(site / "index.html").get_text()


def test_a_page_says_what_it_was_made_of(site):
    page = soup(site / "07_everything.html")
    assert page.h1.find_next("div")["class"] == ["lead"] and page.select_one("details.about").find("dl")
    facts = {row.dt.text: row.dd.text for row in page.select(".facts div")}
    assert (
        facts["Data"] == f"{pages.EVIL}.csv" and facts["Device"] == "a GPU" and facts["Took"] == "1 min 11 s, 1,234 MB"
    )
    assert facts["Preset"] == "smoke: the figures mean nothing, slim nets"
    assert facts["Versions"].startswith("fer-keras ") and ", Keras 3." in facts["Versions"]
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in page.select(".parameters tbody tr")]
    assert rows[1:] == [["WIDTH", "0.5", "of the nets"], ["NAME", pages.EVIL, "of a thing"]]
    assert "Not for publication" in page.select_one(".real").text and not page.select(".drawn")
    assert page.select_one("#stopped .error") and page.select_one('a[href="#stopped"]')
    assert "1 / 0" in page.select_one("#stopped .in").text
    other = soup(site / "01_first.html")
    assert "These faces are drawn" in other.select_one(".drawn").text and not other.select(".real, .failed, #stopped")


def test_pages_lead_to_each_other(site):
    for path in site.glob("*.html"):
        links = {a["href"] for a in soup(path).find_all("a", href=True) if not a["href"].startswith(("#", "http"))}
        assert not [link for link in links if not (site / link).exists() and link != "40_mathematics.html"]
    beside = [a["href"] for a in soup(site / "07_everything.html").select("footer a")]
    assert beside == ["01_first.html", "40_last.html"]


def test_the_index_shows_question_answer_key_figure_and_facts(site):
    index = soup(site / "index.html")
    articles = index.find_all("article")
    assert [article.h2.a["href"] for article in articles] == ["01_first.html", "07_everything.html", "40_last.html"]
    first, failed, last = articles
    assert first.h2.text == "07 · Does a page show everything?" and "0.63" in first.select_one(".summary").text
    assert first.img["alt"] == 'The key figure, "quoted" & <b>marked</b>' and first.find("math")
    for fact in ("embedded", "smoke", "1 min 11 s", "2026-11-21 14:03", "Keras", "a GPU"):
        assert fact in first.select_one("details .facts").text
    assert "Failed: cell 12: ValueError" in failed.text and "ailed" not in first.text
    assert "2 of 3 notebooks" in index.select_one(".failed").text
    assert index.select(".drawn") and index.select(".real")
    assert "Took2 min 11 s" in index.select_one(".facts").text  # two from one second on, one a minute later
    assert "A later run failed" in last.text and last.select_one(".failed a")["href"] == "40_last.failed.html"
    assert "A later run failed" in soup(site / "40_last.html").text
    assert not index.select(".coming, .others")
    assert index.select_one("a[href='reference.html']")


def test_the_index_of_a_report_that_runs_says_what_is_to_come_and_what_else_is_there(tmp_path):
    notebook = pages.everything()
    del notebook.cells[-1], notebook.cells[2]
    pages.leave(tmp_path / "smoke", "01_a", notebook)
    write_site(tmp_path / "smoke")
    write_site(tmp_path, {"01_a"}, [f"02 · {pages.EVIL}", "03 · b"], "Being made since 14:03.")
    index = soup(tmp_path / "index.html")
    assert "Being made since 14:03." in index.select_one(".coming").text
    assert [each.text for each in index.select(".coming li")] == [f"02 · {pages.EVIL}", "03 · b"]
    assert [a["href"] for a in index.select(".others a")] == ["smoke/index.html"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Yes: 0.81 against 0.46, by no. 3 of 4. The rest.", "Yes: 0.81 against 0.46, by no. 3 of 4."),
        ("It is **so.** *Happy* is", "It is **so.**"),
        ("Two lines\nof one! `cnn` is", "Two lines\nof one!"),
        ("Without an end\n\nThe rest.", "Without an end"),
        ("One only.", "One only."),
        ("", ""),
    ],
)
def test_the_first_sentence_stands_apart(text, first):
    assert first_sentence(text) == (first, text[len(first) :].strip())


def test_readme_and_index_say_the_same_of_who_the_reports_are_by():
    text = (rendering.TEMPLATES / "report" / "students.md").read_text()
    assert text in (ROOT / "README.md").read_text()


def test_the_last_figure_is_the_key_figure_where_none_is_tagged(tmp_path):
    notebook = pages.everything()
    for cell in notebook.cells:
        cell.metadata.pop("tags", None)
    pages.leave(tmp_path, "01_a", notebook)
    with pytest.warns(rendering.FormulaWarning):
        write_site(tmp_path)
    assert soup(tmp_path / "index.html").img["alt"].startswith("The last figure")


def test_tables_say_what_their_headers_head(site):
    tables = soup(site / "01_first.html").select("main .cell table")
    assert len(tables) == 4
    for table in tables:
        assert all(cell.get("scope") and cell.get_text(strip=True) for cell in table.find_all("th"))
        assert table.parent["tabindex"] == "0" and table.parent["aria-label"]
    _, plain, _, styled = tables
    assert [cell.text for cell in plain.thead.find_all(["th", "td"])] == ["run", "accuracy", "net"]
    assert [cell.get("class") for cell in plain.tbody.tr.find_all("td")] == [["number"], None]
    assert (
        styled.caption.text == "Styled" and "paper" in styled.parent["class"] and "paper" not in plain.parent["class"]
    )


def test_names_of_rows_break_where_they_are_long():
    html = pd.DataFrame({"share": [0.5, 0.5]}, ["seed 0", "dnn_narrow, equal, dropout"]).to_html()
    short, long = BeautifulSoup(rendering.tidy(html), "html.parser").select("tbody th")
    assert (short.get("class"), long["class"]) == (None, ["long"])


def test_a_number_that_is_not_there_is_a_number():
    html = pd.DataFrame({"share": [0.5, np.nan], "word": ["a", "b"]}).to_html()
    row = BeautifulSoup(rendering.tidy(html), "html.parser").tbody.tr
    assert [cell.get("class") for cell in row.find_all("td")] == [["number"], None]


def test_lines_of_long_cells_break_and_those_of_numbers_do_not():
    short, long = (f"<table><tr><td>{text}</td><td>0.5</td></tr></table>" for text in ("a net", "word " * 12))
    found = BeautifulSoup(rendering.tidy(short + long), "html.parser").find_all("table")
    assert [table.get("class") for table in found] == [None, ["prose"]]


def test_rows_under_one_header_each_say_it_so_that_a_sheet_may_end_between_them():
    rows = "<tr><th rowspan=2>A</th><th>1</th><td>x</td></tr><tr><th>2</th><td>y</td></tr>"
    found = BeautifulSoup(rendering.tidy(f"<table><tbody>{rows}</tbody></table>"), "html.parser")
    assert not found.select("[rowspan]") and found.select_one(".again").text == "A"
    assert [[cell.text for cell in row] for row in found.find_all("tr")] == [["A", "1", "x"], ["A", "2", "y"]]


def test_tags_that_a_notebook_made_are_shown_as_they_are_written():
    found = BeautifulSoup(rendering.prose("<div>block</div>\n\nin a <b>line</b>"), "html.parser")
    assert not found.find_all(["div", "b"]) and found.text.split("\n")[0] == "<div>block</div>"


def test_a_picture_attached_to_a_cell_is_on_its_page(tmp_path):
    cell = nbformat.v4.new_markdown_cell("# 01 · A\n\n![p](attachment:p.png) ![q](q.png)")
    cell.attachments = {"p.png": {"image/png": pages.png()}}
    pages.leave(tmp_path, "01_a", nbformat.v4.new_notebook(cells=[cell]))
    write_site(tmp_path)
    shown = soup(tmp_path / "01_a.html")
    assert shown.img["src"].endswith(pages.png()) and shown.select_one('a[href="q.png"]').text == "q"


def test_what_a_training_said_is_folded_and_what_a_cell_printed_is_not(tmp_path):
    text = "cnn, seed 0: epoch 1/2, loss 1.5, 3 s\nRight: 0.63\n\rpredicting:  50%|##   | 1/2 [00:01<00:01]"
    cell = pages.new_code_cell("train()", outputs=[pages.new_output("stream", name="stdout", text=text)])
    pages.leave(tmp_path, "01_a", nbformat.v4.new_notebook(cells=[pages.new_markdown_cell("# 01 · A"), cell]))
    write_site(tmp_path)
    shown = soup(tmp_path / "01_a.html")
    assert "epoch 1/2" in shown.select_one("details.log").text and "50%" in shown.select_one("details.log").text
    assert [each.text for each in shown.select("main > .cell > pre.out")] == ["Right: 0.63\n"]


def test_a_title_is_the_first_heading():
    assert title(pages.everything()) == "07 · Does a page show everything?"
    assert title(nbformat.v4.new_notebook()) == ""


def test_every_page_of_the_notebooks_is_whole(smoke_report):
    found = sorted(set(smoke_report.glob("*.html")) - {smoke_report / "reference.html"})
    assert len(found) == len(list((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))) + 1
    for path in found:
        page = soup(path)
        assert path.stat().st_size < LARGEST, path.name
        assert not page.select(".tex"), f"{path.name}: a formula is not understood"
        assert len(page.find_all("h1")) == 1 and page.html["lang"] == "en"
        levels = [int(heading.name[1]) for heading in page.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])]
        assert all(after <= before + 1 for before, after in pairwise(levels)), path.name
        assert all(len(image["alt"]) > 20 and "No description" not in image["alt"] for image in page.find_all("img"))
        assert page.find("img") or not path.name[0].isdigit()
        assert "figures mean nothing" in page.select_one(".facts").text and page.select(".drawn")


def test_plain_nbconvert_shows_an_executed_notebook():
    text, _ = HTMLExporter().from_notebook_node(pages.everything())
    assert "The accuracy is <strong>0.63</strong>" in text and "data:image/png" in text


def w3c_errors(folder: Path) -> list[str]:
    """What the W3C's checker finds wrong in the pages of a folder."""
    jar = os.environ.get("VNU_JAR", "")
    if not (shutil.which("java") and Path(jar).is_file()):
        required = "vnu" in os.environ.get("FER_KERAS_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("no Java, or VNU_JAR does not name the vnu.jar of npm's vnu-jar")
    command = ["java", "-jar", jar, "--errors-only", "--exit-zero-always", *map(str, folder.glob("*.html"))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()


def test_pages_pass_the_w3cs_checker(site, tmp_path):
    assert w3c_errors(site) == []
    (tmp_path / "bad.html").write_text("<!DOCTYPE html><html lang=en><title>a</title><p><div>b</div></p>")
    assert len(w3c_errors(tmp_path)) == 1


def test_every_notebooks_page_passes_the_w3cs_checker(smoke_report):
    assert w3c_errors(smoke_report) == []


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser():
    require("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """`visit(path, ...)`: the opened page; what it asked for beyond itself, and its complaints, are in .trouble."""
    contexts = []

    def go(path: Path, size: str = "desktop", scheme: str = "light"):
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme, offline=True))
        page = contexts[-1].new_page()
        page.trouble = []
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("dialog", lambda dialog: page.trouble.append(dialog.message))
        page.on("requestfailed", lambda request: page.trouble.append(request.url[:200]))
        page.on("request", lambda r: r.url.startswith(("data:", path.as_uri())) or page.trouble.append(r.url[:200]))
        page.goto(path.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()


def complaints(page) -> list[str]:
    """What axe finds that is serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert len(found["passes"]) > 10  # it did look
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
@pytest.mark.parametrize("name", ["index", "07_everything"])
def test_a_page_opens_without_network_and_without_complaints(site, visit, tmp_path, name, size, scheme):
    page = visit(site / f"{name}.html", size, scheme)
    page.screenshot(path=tmp_path / "folded.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]  # nothing sticks out
    with Image.open(tmp_path / "folded.png") as shot:
        corner = ImageStat.Stat(shot.convert("L").crop((0, 0, 9, 900))).mean[0]
    assert corner > 240 if scheme == "light" else corner < 40
    if name != "index":
        page.check("#show-code", force=True)
        for summary in page.query_selector_all("summary"):
            summary.click()
    assert complaints(page) == [] and page.trouble == []


def test_every_notebooks_page_opens_without_complaints(smoke_report, visit):
    for path in sorted(smoke_report.glob("*.html")):
        page = visit(path)
        assert (path.name, complaints(page), page.trouble) == (path.name, [], [])


def test_formulas_have_size_and_the_embedded_font(site, visit):
    page = visit(site / "07_everything.html")
    boxes = [formula.bounding_box() for formula in page.query_selector_all("math")]
    assert len(boxes) >= 8 and all(box["width"] > 4 and box["height"] > 8 for box in boxes)
    page.evaluate("document.fonts.ready")
    assert page.evaluate("[...document.fonts].map(face => [face.family, face.status])") == [["Report Math", "loaded"]]
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    for node in session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "math"})["nodeIds"]:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert all(font["isCustomFont"] for font in fonts), fonts


def test_on_a_phone_headers_break_and_the_names_of_rows_stay_in_sight(site, visit):
    page = visit(site / "07_everything.html", "phone")
    wide = page.locator(".table:has(td:nth-child(21))")
    assert wide.locator("thead th").last.bounding_box()["height"] > 30, "two lines: column, 19"
    name, number = wide.locator("tbody th").first, wide.locator("tbody td").first
    before = name.bounding_box()["x"], number.bounding_box()["x"]
    wide.evaluate("table => table.scrollTo(300, 0)")
    assert (name.bounding_box()["x"], number.bounding_box()["x"]) == (before[0], before[1] - 300)
    printed = page.locator("pre.out", has_text="printed printed").first
    assert printed.evaluate("out => out.scrollWidth <= out.clientWidth"), "a line that was printed breaks, too"


def test_of_a_table_without_rows_nothing_is_shown(site, visit):
    page = visit(site / "01_first.html")
    table = page.locator(".cell .table").first
    assert table.is_visible()
    table.locator("tbody tr").evaluate_all("rows => rows.forEach(row => row.remove())")
    assert not table.is_visible()


def test_a_tap_shows_a_figure_at_full_size(site, visit):
    page = visit(site / "01_first.html", "phone")
    picture = page.locator("figure img").first
    assert picture.bounding_box()["width"] == 320  # as the notebook asks for
    picture.click()
    assert picture.bounding_box()["width"] == 640 and picture.bounding_box()["y"] == 0  # over the page
    page.locator("figure:target").evaluate("figure => figure.scrollTo(9999, 0)")
    assert picture.bounding_box()["x"] < -200
    page.click("figure:target .close")
    assert picture.bounding_box()["width"] == 320 and not page.locator(".close").first.is_visible()


def test_one_switch_shows_the_code(site, visit):
    page = visit(site / "01_first.html")
    code = page.locator(".in")
    assert not any(cell.is_visible() for cell in code.all())
    page.focus("#show-code")
    page.keyboard.press("Space")
    assert code.count() == 12 and all(cell.is_visible() for cell in code.all())
    page.click("label[for=show-code]")
    assert not any(cell.is_visible() for cell in code.all())


def test_a_page_prints_without_the_switch_and_with_whole_figures(site, visit):
    page = visit(site / "07_everything.html", scheme="dark")
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.is_visible("label[for=show-code]") and not page.is_visible(".top")
    assert page.evaluate("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    assert (
        page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 30, 33)"
    )  # dark on white, whatever the screen
