"""Executed notebooks for the tests of the site, made without running anything."""

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

from fer_keras.study.records import ANSWER, RECORD

EVIL = "<img src=x onerror=alert(1)>"
FORMULAS = r"""
The loss $L_t = -y_t \log \hat y_t$ summed over $t \in \{1,\dots,7\}$, with $\mathbf{x} \in \mathbb{R}^{48\times48}$:

$$\hat\theta = \operatorname*{arg\,min}_{\theta} \frac1m \sum_{i=1}^{m} \left\| f_\theta(x_i) - y_i \right\|_2^2$$

\begin{aligned}
\frac{\partial L}{\partial z_t} &= \hat y_t - y_t \\
\sigma^2 &= \frac1m \sum_i (x_i - \mu)^2 + \epsilon
\end{aligned}

and one that nobody knows, $\unknownmacro{x}$.
"""


def png(width: int = 320, height: int = 160) -> str:
    with io.BytesIO() as file:
        shades = np.add.outer(np.arange(height), np.arange(width)) % 256
        Image.fromarray(shades.astype("uint8")).save(file, "png")
        return base64.b64encode(file.getvalue()).decode()


def everything() -> nbformat.NotebookNode:
    """A notebook with all that pages show: formulas, figures, tables of three kinds, prose, an error, and markup."""
    table = pd.DataFrame({"accuracy": [0.63, 0.395], "net": ["cnn", "dnn"]}, pd.Index(["a", "b"], name="run"))
    wide = pd.DataFrame(np.arange(60).reshape(3, 20), columns=[f"column {i}" for i in range(20)])
    styled = table.style.format(precision=3).highlight_max(["accuracy"], color="yellow").set_caption("Styled")
    named = new_output(
        "display_data", {"text/markdown": f"A *{EVIL}* folder: $\\hat y_t$ and ![p](https://e.org/p.png)"}
    )
    answer = "The accuracy is **0.63** with $\\hat y$ for &lt;b&gt;x&lt;/b&gt; [here](javascript:alert(1))."
    error = new_output("error", ename="ValueError", evalue=EVIL, traceback=[f"\x1b[31mValueError\x1b[0m: {EVIL}"])
    return nbformat.v4.new_notebook(
        cells=[
            new_markdown_cell(
                "# 07 · Does a page show everything?\n\nA page with all that there is. See [40](40_mathematics.ipynb)."
            ),
            new_code_cell(
                'DATA: str = "embedded"  # faces\nWIDTH: float = 0.5  # of the nets\nNAME: str = "plain"  # of a thing',
                metadata={"tags": ["parameters"]},
            ),
            new_markdown_cell("## Formulas\n" + FORMULAS),
            new_markdown_cell("### A list\n\n* one\n* two\n\n| a | b |\n|---|---|\n| x | 1 |"),
            _cell("figure(key=True)", picture("The key figure", 640), tags=["key-figure"]),
            _cell("table", _html(table.to_html())),
            _cell("wide", _html(wide.to_html())),
            _cell("styled  # a comment\nx = 'text'", _html(styled.to_html())),
            _cell("say()", named, new_output("display_data", {"text/latex": r"$\displaystyle \frac{\gamma}{3}$"})),
            _cell("record()", new_output("display_data", {RECORD: {"device": {"value": "a GPU"}}, "text/html": ""})),
            _cell("print()", new_output("stream", name="stdout", text="printed " * 40 + EVIL)),
            _cell("repr", new_output("execute_result", {"text/plain": f"Faces({EVIL})"}, execution_count=1)),
            _cell("script", _html("<script>alert(1)</script><p onclick='alert(1)'>a <a href='#x'>paragraph</a></p>")),
            _cell("figure()", picture("The last figure")),
            _cell("answer()", new_output("display_data", {"text/markdown": answer, ANSWER: answer})),
            _cell("1 / 0", error),
        ],
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
    )


def picture(alt: str, width: int = 320):
    about = {"image/png": {"alt": f'{alt}, "quoted" & <b>marked</b>', "width": width // 2}}
    return new_output("display_data", {"image/png": png(width)}, metadata=about)


def leave(out: Path, name: str, notebook: nbformat.NotebookNode, data: str = "embedded", **changes) -> None:
    """Put an executed notebook where `fer-keras report` does, with what that notes of its run."""
    about = {"data": data, "preset": "smoke", "given": {}, "fingerprint": "1f"}
    went = {"failed": None, "parameters": {"DATA": data}, "began": 1e9, "seconds": 71.4, "date": "2026-11-21 14:03"}
    notebook.metadata["fer_keras"] = went | {"peak_mb": 1234, "about": about} | changes
    (out / "executed").mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, out / "executed" / f"{name}.ipynb")


def _html(html: str):
    return new_output("execute_result", {"text/html": html, "text/plain": "a table"}, execution_count=1)


def _cell(source: str, *outputs, tags: list[str] | None = None):
    return new_code_cell(source, outputs=list(outputs), execution_count=1, metadata={"tags": tags or []})
