"""Plain Markdown tables, readable in a terminal and in README.md alike."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with padded columns: words to the left, columns of figures to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    figures = [all(row[column].lstrip("-")[:1].isdigit() for row in rows) for column in range(len(header))]
    figures[0] = False

    def line(cells: Sequence[str]) -> str:
        padded = [c.rjust(w) if f else c.ljust(w) for c, w, f in zip(cells, widths, figures, strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (w - 1)}:" if figure else f":{'-' * (w - 1)}" for w, figure in zip(widths, figures, strict=True)]
    return "\n".join([line(header), line(rule), *(line(row) for row in rows)])


def met(reached: bool) -> str:
    """How a goal stands."""
    return "met" if reached else "not met"
