"""What is wrong with a source, said in one sentence each."""

from fer_keras.base.printable import printable

SHOWN = 20  # problems kept word for word; the rest are counted


class SourceError(ValueError):
    """A source that cannot be read as it is. Its text is one sentence; `problems` lists all bad rows.

    >>> try:
    ...     load_faces("missing.csv")
    ... except SourceError as error:
    ...     print("there are", error.problems.count, "bad rows, but no such file")
    there are 0 bad rows, but no such file
    """

    def __init__(self, text: str, problems: "Problems | None" = None):
        super().__init__(printable(" ".join(text.split())))  # what other libraries say may span lines
        self.problems = problems or Problems()


class BadRow(ValueError):
    """One row, picture or folder that cannot be a face; without its place, which the reader adds."""


class Problems:
    """Bad rows met while reading: counted, the first ones kept word for word."""

    def __init__(self, texts: list[str] | None = None, count: int = 0):
        self.texts, self.count = list(texts or []), count

    def add(self, text: str, count: int = 1) -> None:
        self.count += count
        if len(self.texts) < SHOWN:
            self.texts.append(printable(text))

    def raise_if_any(self) -> None:
        if self.count:
            more = f" ({self.count - 1:,} more like it)" if self.count > 1 else ""
            raise SourceError(f"{self.texts[0]}{more}; skip_bad=True drops such faces", self)
