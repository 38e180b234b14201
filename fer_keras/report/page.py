"""What a notebook holds as HTML: nbconvert's exporter with the template of templates/report.

Formulas become MathML, tables say what their headers head, and nothing on a page runs or is fetched.
"""

import base64
import re
import warnings
from functools import cache
from html import escape, unescape
from pathlib import Path

import jinja2
import nbformat
from bs4 import BeautifulSoup, Tag
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from fer_keras.report.formulas import FormulaError, mathml

TEMPLATES = Path(__file__).parent / "templates"
SENTENCE = 40  # characters of a cell, from which on it is text to be read
NAME = 16  # characters of a row's name, up to which it stays in one line
PROGRESS = re.compile(r"^.*(?:: epoch \d+/\d+, |: going on after epoch |%\|).*\n?", re.MULTILINE)  # of base/progress.py
NUMBER = re.compile(r"[-+−–±]?\s*[\d.,]*\d(e[-+]?\d+)?\s*(%|s|ms|MB|GB|k|M|×)?|nan|NaN|–|")


class FormulaWarning(UserWarning):
    """A formula stands on a page as TeX."""


def render(page: dict, pages: list[dict]) -> str:
    """The page of a notebook; formulas that are not understood stand in it as TeX, with a warning."""
    notebook = nbformat.read(page["path"], 4)
    page = page | {"stopped": _mark_stop(notebook)}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source, titles = re.subn(r"^# .*", "", cell.source, count=1, flags=re.MULTILINE)
            if titles:  # the page's head has it
                break
    for number, output in enumerate(output for cell in notebook.cells for output in cell.get("outputs", [])):
        output.setdefault("metadata", {})["number"] = number  # by which a link opens a figure at full size
        if output.output_type == "stream":
            output.metadata["log"] = "".join(PROGRESS.findall(output.text))
            output.text = PROGRESS.sub("", output.text)
    filters = {"markdown2html": _text, "prose": prose, "latex": latex, "tidy": tidy}
    exporter = HTMLExporter(template_name="report", extra_template_basedirs=[str(TEMPLATES)], filters=filters)
    html, _ = exporter.from_notebook_node(notebook, {"page": page, "pages": pages, "style": style()})
    for _, doubt in set(re.findall(r'<code class="tex" title=(["\'])(.*?)\1', html)):
        warnings.warn(f"{page['path'].stem}: {unescape(doubt)}; its page shows the TeX", FormulaWarning, stacklevel=3)
    return html


def _mark_stop(notebook: nbformat.NotebookNode) -> bool:
    """Mark the first cell with an error, and leave out papermill's own signs of it, which ours stand for."""
    for cell in notebook.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            cell.metadata["stopped"] = True
            notebook.cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in tags(cell)]
            return True
    return False


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


@jinja2.pass_context
def _text(context, source: str) -> str:
    """A cell's Markdown, with the pictures attached to it."""
    return tidy(_markdown(source, attachments=context["cell"].get("attachments", {})))


class Renderer(IPythonRenderer):
    """Markdown with MathML. What would be fetched from elsewhere becomes a link."""

    def block_math(self, body: str) -> str:
        # a span may stand in a paragraph, as a formula does that is set apart within one
        return f'<span class="formula" tabindex="0" role="group" aria-label="Formula">{_formula(body, True)}</span>'

    def inline_math(self, body: str) -> str:
        return _formula(body, False)

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")

    def heading(self, text: str, level: int, **attributes) -> str:
        return super().heading(text, max(level, 2), **attributes)  # the page's head is level 1

    def image(self, text: str, url: str, title: str | None = None) -> str:
        picture = super().image(text, url, title)
        return picture if 'src="data:' in picture else self.link(text or "picture", url, title)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, re.sub(r"^(\d\d_\w+)\.ipynb\b", r"\1.html", url), title)


class Untrusted(Renderer):
    """Of Markdown in which there may be anything: tags are shown as they are written."""

    def inline_html(self, html: str) -> str:
        return escape(html)

    def block_html(self, html: str) -> str:
        return f"<p>{escape(html)}</p>"


def _formula(tex: str, display: bool) -> str:
    try:
        return mathml(tex, display)
    except FormulaError as error:
        return f'<code class="tex" title="{escape(str(error))}">{escape(tex.strip())}</code>'


def _markdown(source: str, renderer: type[Renderer] = Renderer, **options) -> str:
    made = renderer(escape=False, allow_harmful_protocols=False, exclude_anchor_links=True, **options)
    return MarkdownWithMath(renderer=made).render(source)


def prose(source: str) -> str:
    """Markdown that a notebook made, as HTML."""
    return tidy(_markdown(source, Untrusted))


def latex(source: str) -> str:
    """The value of a cell as TeX, such as sympy's: a formula set apart."""
    whole = re.fullmatch(r"\$+([^$]+)\$+", source.strip())
    return prose(f"$${whole[1]}$$" if whole else source)


def tidy(html: str) -> str:
    """HTML of a notebook, without what could run, and with tables whose headers say what they head."""
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.find_all(["script", "iframe", "object", "embed", "link", "meta", "base", "form"]):
        tag.decompose()
    for tag in soup.find_all(True):
        tag.attrs = {name: value for name, value in tag.attrs.items() if not _runs(name, value)}
    for tag in soup.find_all("img", src=re.compile("^(?!data:)")):
        tag.replace_with(tag.get("alt") or "picture")
    coloured = soup.find("style", scoped=False, string=re.compile("color|background"))
    for style in soup.find_all("style", scoped=True):  # pandas' own, of which our style sheet takes care
        style.decompose()
    for table in soup.find_all("table"):
        _head(table)
        if any(len(cell.get_text(strip=True)) > SENTENCE for cell in table.find_all("td")):
            table["class"] = "prose"  # its lines break
        label = table.caption.get_text(" ", strip=True) if table.caption else "Table"
        kind = "table paper" if coloured else "table"  # colours chosen for white paper keep it in the dark
        box = {"class": kind, "tabindex": "0", "role": "group", "aria-label": label}
        table.wrap(soup.new_tag("div", attrs=box))
    return str(soup)


def _runs(name: str, value: str | list[str]) -> bool:
    """Whether an attribute makes something run, or leads to what does; browsers pass over spaces within."""
    leads = re.sub(r"[\x00-\x20]", "", value if isinstance(value, str) else "".join(value))
    return bool(re.match("on|srcdoc|formaction", name) or re.search("(java|vb)script:|data:text/html", leads, re.I))


def _head(table: Tag) -> None:
    """Headers say what they head, and columns of numbers are set right."""
    del table["border"]
    _one_header_row(table)
    _whole_rows(table)
    rows = [row.find_all(["th", "td"], recursive=False) for row in table.find_all("tr")]
    for cell in (cell for row in rows for cell in row if cell.name == "th"):
        if not cell.get_text(strip=True):
            cell.name = "td"
        elif cell.find_parent("thead"):
            cell["scope"] = "colgroup" if int(cell.get("colspan", 1)) > 1 else "col"
        else:
            cell["scope"] = "row"
            if len(cell.get_text(strip=True)) > NAME:
                cell["class"] = [*cell.get("class", []), "long"]  # it breaks where a table would not fit
    body = [row for row in rows if row and not row[0].find_parent("thead")]
    for place in range(-1, -max(map(len, body), default=0) - 1, -1):  # from the right: spanned headers stand left
        column = [row[place] for row in body if len(row) >= -place and row[place].name == "td"]
        if column and all(NUMBER.fullmatch(cell.get_text(strip=True)) for cell in column):
            for cell in [row[place] for row in rows if len(row) >= -place]:
                cell["class"] = [*cell.get("class", []), "number"]


def _whole_rows(table: Tag) -> None:
    """Let every row say the header that it shares with the one above, though unseen: a page may end between them."""
    for cell in table.select("tbody th[rowspan]"):
        place = len(cell.find_previous_siblings(["th", "td"]))
        for row in cell.parent.find_next_siblings("tr", limit=int(cell["rowspan"]) - 1):
            again = f'<th><span class="again">{escape(cell.get_text(strip=True))}</span></th>'
            row.find_all(["th", "td"])[place].insert_before(BeautifulSoup(again, "html.parser"))
        del cell["rowspan"]


def _one_header_row(table: Tag) -> None:
    """pandas puts the names of the index into a row of their own: move them beside the names of the columns."""
    rows = [row.find_all(["th", "td"], recursive=False) for row in (table.thead.find_all("tr") if table.thead else [])]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    names = [cell.get_text(strip=True) for cell in rows[1]]
    named = sum(map(bool, names))
    if all(names[:named]) and not any(cell.get_text(strip=True) for cell in rows[0][:named]):
        for cell, name in zip(rows[0], names[:named], strict=False):
            cell.name, cell.string = "th", name
        rows[1][0].parent.decompose()


def template(name: str) -> jinja2.Template:
    """A page that is made of no notebook."""
    loader = jinja2.FileSystemLoader(TEMPLATES / "report")
    return jinja2.Environment(loader=loader, autoescape=True).get_template(name)


@cache
def style() -> str:
    """The style sheet of every page, with the mathematics font; math.woff.OFL.txt says how that was cut."""
    font = base64.b64encode((TEMPLATES / "report" / "math.woff").read_bytes()).decode()
    face = f'@font-face {{ font-family: "Report Math"; src: url(data:font/woff;base64,{font}); }}\n'
    return face + (TEMPLATES / "report" / "report.css").read_text("utf-8")
