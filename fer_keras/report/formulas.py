"""TeX to MathML when a page is written, so that a page needs no script and no network to show a formula.

latex2mathml does the work. It drops or misreads some of TeX without a word, so what is known to go wrong is put right
here, and a formula with anything that is not known to go right is refused.
"""

import re
import unicodedata
from html import unescape
from itertools import pairwise
from xml.etree.ElementTree import Element, tostring

from latex2mathml import commands
from latex2mathml.converter import convert_to_element
from latex2mathml.symbols_parser import convert_symbol

# Looked at in Chromium; every symbol and function that latex2mathml knows comes on top of these.
KNOWN = {
    *re.findall(
        r"\w+",
        """frac dfrac tfrac binom sqrt left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr
        hat widehat tilde widetilde bar vec dot ddot overline underline underbrace overbrace
        overset underset stackrel substack text mathrm mathbf mathit mathcal mathbb boldsymbol operatorname
        displaystyle textstyle quad qquad tag max min sup inf lim det gcd Pr bmod begin end""",
    ),
    *"\\,;:! {}|%#_&",
}
ENVIRONMENTS = {"align", "align*", "cases", "matrix", "pmatrix", "bmatrix", "vmatrix", "array"}
# Of its symbols: a mark of its own instead of a stroke through the next, and an ASCII tilde instead of ∼
UNLIKE_TEX = {"not", "sim"}
_ROWS = re.compile(r"\\(begin|end)\{(?:aligned|split|gathered|gather\*?)\}")  # whose rows it would run together
_BARE = re.compile(r"\\(?:begin|end)\{equation\*?\}|\\(?:nonumber|notag)(?![a-zA-Z])")
_FUNCTION = re.compile(r"(\\(?:log|ln|exp|sin|cos|tan|tanh))(?![a-zA-Z])(?!\s*(?:[({\[_^!,)}&]|\\left|\\!|$))")
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


class FormulaError(ValueError):
    """A formula that is not fully understood, in one sentence."""


def mathml(tex: str, display: bool = False) -> str:
    """The formula as MathML, set apart from the text if `display`.

    >>> mathml(r"\\hat y_t")
    """
    plain = _rewritten(tex)
    _check(plain, tex)
    try:
        root = convert_to_element(plain, display="block" if display else "inline")
    except Exception as error:  # latex2mathml has a dozen, named after what is missing
        raise FormulaError(f"the formula {tex.strip()} cannot be read: {type(error).__name__}") from None
    for element in root.iter():
        text = element.text or ""
        if text == "&" or "\\" in text or "$" in text:
            raise FormulaError(f"the formula {tex.strip()} is not fully understood: {text} was left over")
        element.text = unescape(text)
        _mend(element, display)
    for parent in root.iter():
        _sign(parent)
    root.set("alttext", " ".join(tex.split()))
    return tostring(root, encoding="unicode")


def _rewritten(tex: str) -> str:
    """The same in words that latex2mathml understands."""
    tex = _ROWS.sub(r"\\\1{align*}", _BARE.sub("", tex)).strip()
    tex = re.sub(r"\\arg\s*\\(max|min)(?![a-zA-Z])", r"\\operatorname*{arg\\,\1}", tex)
    tex = re.sub(r"\\operatorname\*" + _GROUP + r"\s*_\s*" + _GROUP, r"\\underset{\2}{\\text{\1}}\\,", tex)
    tex = re.sub(r"\\operatorname\*" + _GROUP + r"\s*_\s*([a-zA-Z0-9])", r"\\underset{\2}{\\text{\1}}\\,", tex)
    tex = re.sub(r"\\text\{arg\\,(max|min)\}", r"\\text{arg \1}", tex)
    tex = re.sub(
        r"\\(?:mathrm|operatorname)\s*\{([a-zA-Z ]+)\}", r"\\text{\1}", tex
    )  # one letter would come out italic
    tex = re.sub(r"(?<=[\w})])\s*(?=\\(?:log|ln|exp)(?![a-zA-Z]))", r"\\,", _FUNCTION.sub(r"\1\\,", tex))
    return re.sub(r"\\sim(?![a-zA-Z])", "∼", tex)


def _check(tex: str, given: str) -> None:
    """Refuse what latex2mathml would drop or misread."""
    says = f"the formula {given.strip()} is not fully understood: "
    for name in re.findall(r"\\([a-zA-Z]+|.)", tex, re.DOTALL):
        symbol = name not in UNLIKE_TEX and convert_symbol(f"\\{name}")
        if not (name in KNOWN or symbol or f"\\{name}" in commands.FUNCTIONS):
            raise FormulaError(f"{says}\\{name} is not known")
    if unknown := set(re.findall(r"\\begin\s*\{(.*?)\}", tex)) - ENVIRONMENTS:
        raise FormulaError(f"{says}the environment {min(unknown)} is not known")
    marks = re.sub(r"\\.", "", tex)
    if marks.count("{") != marks.count("}") or not marks.strip():
        raise FormulaError(f"{says}its braces do not match" if marks.strip() else "a formula is empty")


def _mend(element: Element, display: bool) -> None:
    """What browsers draw otherwise than TeX."""
    text = element.text or ""
    if (variant := element.get("mathvariant")) in ("bold", "bold-italic") and len(text) == 1:
        element.text = _bold(text, variant)  # browsers heed no mathvariant but "normal"
        del element.attrib["mathvariant"]
    if element.tag == "mi" and len(text) == 1 and unicodedata.category(text) == "Sm":
        element.tag = "mo"  # ± and its like are spaced as operators
    if text == "/":
        element.attrib |= {"lspace": "0", "rspace": "0"}
    if text == "―":  # an overline stretches
        element.text = "¯"
        element.set("stretchy", "true")
    if element.get("width") == "negativethinmathspace":
        element.set("width", "-0.167em")
    if display and element.tag == "msub" and element[0].text in ("max", "min", "sup", "inf", "lim"):
        element.tag = "munder"
    if "columnspacing" in element.attrib:
        element.set("class", "aligned")  # the page's style sheet sets the columns of such a table close


def _sign(parent: Element) -> None:
    """A sign after an opening bracket or a relation belongs to what follows it, not between two things."""
    for before, element in pairwise([Element("mo"), *parent]):
        closes = before.tag != "mo" or before.get("form") == "postfix" or before.text in set(")]}|‖⌋⌉⟩!′%")
        if element.tag == "mo" and element.text in ("−", "+", "±") and not closes:
            element.set("form", "prefix")


def _bold(character: str, variant: str) -> str:
    name = unicodedata.name(character).replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    style = "BOLD" if variant == "bold" or name.startswith("DIGIT") else "BOLD ITALIC"
    try:
        return unicodedata.lookup(f"MATHEMATICAL {style} {name}")
    except KeyError:
        return character
