"""TeX to MathML when a page is written, so that a page needs no script and no network to show a formula."""

import re
from html import escape

from math_core import LatexError, LatexToMathML

CONVERTER = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True)  # such as widetilde
BETTER = {
    "\u0332": "¯",  # stretches in the font
    "\u20d7": "→",  # is in the font
    ' scriptlevel="0"': "",  # is so anyway, and the W3C's checker does not know it here
    '<mrow displaystyle="true"': '<mrow style="math-style: normal"',  # nor this
    '<mrow displaystyle="false"': '<mrow style="math-style: compact"',
}


class FormulaError(ValueError):
    """A formula that is not understood, in one sentence."""


def mathml(tex: str, display: bool = False) -> str:
    """The formula as MathML, set apart from the text if `display`.

    >>> mathml(r"\\hat y_t")
    """
    unnumbered = re.sub(r"\{(align|equation|gather)\}", r"{\1*}", tex)  # as in Jupyter
    if not tex.strip():
        raise FormulaError("a formula is empty")
    try:
        found = CONVERTER.convert_with_local_state(unnumbered, displaystyle=display)
    except LatexError as error:
        why = str(error).partition(": ")[2]  # after the place
        raise FormulaError(f"the formula {tex.strip()} is not understood: {why}") from None
    for given, better in BETTER.items():
        found = found.replace(given, better)
    return found.replace("<math", f'<math alttext="{escape(" ".join(tex.split()))}"', 1)
