"""The geometry of the report's two pictures, the network and the bill; the template only places it.

A picture is laid out for a width, once wide and once for a phone, because an SVG that is merely scaled down cannot
be read. Browsers do not wrap SVG text, so widths are estimated here, on the generous side.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from operations.verdict import Cost, CostLine, Link, NetworkPicture, State
from operations.words import counted, dollars, one_line

WIDE = 1080
NARROW = 350
"""At and below this width a picture stacks instead of standing in columns."""

_TEXT, _SMALL = 13.0, 12.0
_BOLD = _TEXT * 1.14
"""Bold letters are wider: text set bold is measured as if it were larger."""
_LINE = 17.0
_PAD = 12.0
_MOST_BARS = 12
_MOST_LINES_OF_NEED = 5
_NARROW_LETTERS = frozenset("iljtfr.,:;'|!()[]{}- ·I/\\`")
_WIDE_LETTERS = frozenset("mwMW@%…—→")


@dataclass(frozen=True)
class Box:
    """A rectangle; `css` names its look, `round` its corner radius."""

    x: float
    y: float
    width: float
    height: float
    css: str
    round: float = 6
    title: str = ""


@dataclass(frozen=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    css: str


@dataclass(frozen=True)
class Label:
    """One line of text; `y` is its baseline. `title` carries the whole text when `text` had to be cut."""

    x: float
    y: float
    text: str
    css: str
    anchor: Literal["start", "middle", "end"] = "start"
    title: str = ""


@dataclass
class Picture:
    """A drawing: boxes lie lowest, then strokes, then labels. `title` and `text` say it to who cannot see it."""

    width: int
    title: str
    text: str
    height: float = 0
    boxes: list[Box] = field(default_factory=list[Box])
    strokes: list[Stroke] = field(default_factory=list[Stroke])
    labels: list[Label] = field(default_factory=list[Label])

    def stroke(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        """Draw a line."""
        self.strokes.append(Stroke(x1, y1, x2, y2, css))

    def label(
        self,
        x: float,
        y: float,
        text: str,
        css: str = "t",
        *,
        room: float = math.inf,
        size: float = _TEXT,
        anchor: Literal["start", "middle", "end"] = "start",
    ) -> None:
        """Write one line of text, cut to `room` with the whole of it kept as its title."""
        whole = one_line(text)
        shown = fit(whole, room, size)
        self.labels.append(Label(x, y, shown, css, anchor, "" if shown == whole else whole))


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font, rather more than less."""
    return sum(_letter_width(letter) for letter in text) * size


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in _NARROW_LETTERS:
        return 0.38
    if letter in _WIDE_LETTERS:
        return 0.95
    return 0.74 if letter.isupper() else 0.6


def fit(text: str, room: float, size: float) -> str:
    """The text, cut in its middle with `…` when it is wider than `room`: names differ at both their ends."""
    if text_width(text, size) <= room:
        return text
    keep = len(text) - 1
    while keep > 1 and text_width(text[: (keep + 1) // 2] + "…" + text[len(text) - keep // 2 :], size) > room:
        keep -= 1
    return text[: (keep + 1) // 2] + "…" + text[len(text) - keep // 2 :]


def wrap(text: str, room: float, size: float, most: int = 1_000) -> list[str]:
    """The text in lines no wider than `room`; a wider word is cut, and what exceeds `most` lines ends in `…`.

    Between words, or after a dot inside one: a service's name is read part by part.
    """
    lines: list[str] = []
    for part in re.findall(r" *(?:[^ .]+\.?|\.+)", one_line(text)):
        joined = f"{lines[-1]}{part}" if lines else part
        if lines and text_width(joined, size) <= room:
            lines[-1] = joined
        else:
            lines.append(fit(part.strip(), room, size))
    if len(lines) > most:
        return [*lines[: most - 1], fit(f"{lines[most - 1]} …", room, size)]
    return lines


# ---- the network ----------------------------------------------------------------------------------------------------

_SHUT: dict[State | None, tuple[str, str]] = {
    "proved": ("No way to the internet", "No route leads out of this network and none leads in."),
    "failed": ("The internet: not proved shut", "Network fit failed: read its fact above."),
    "not yet": ("The internet: not judged yet", "Network fit is not proved yet."),
    None: ("The internet: not judged", "No proof of network fit was made."),
}


def _css(kind: str) -> str:
    return kind.lower().replace(" ", "-")


def network(picture: NetworkPicture, shut: State | None, width: int = WIDE) -> Picture:
    """Draw the network: who is inside, each service reached and through what, and how the internet stands.

    `shut` is the state of the proof of network fit: the picture claims no more than what was proved.
    """
    drawing = Picture(width, f"The network {picture.cidr}", _network_in_words(picture, shut))
    if width <= NARROW:
        _network_narrow(drawing, picture, shut)
    else:
        _network_wide(drawing, picture, shut)
    return drawing


def _network_in_words(picture: NetworkPicture, shut: State | None) -> str:
    links = "; ".join(f"{link.service} through {link.endpoint}, {_needed_by(link)}" for link in picture.links)
    return one_line(
        f"{counted(len(picture.subnets), 'subnet')}. Inside: {', '.join(picture.inside) or 'nothing'}."
        f" Services reached privately: {links or 'none'}. {'. '.join(_SHUT[shut])}"
    )


def _needed_by(link: Link) -> str:
    return f"needed by {', '.join(link.needed_by)}" if link.needed_by else "needed by nothing"


def _network_wide(drawing: Picture, picture: NetworkPicture, shut: State | None) -> None:
    inside_x, inside_width = 24.0, 330.0
    endpoint_x, endpoint_width, edge, service_x = 390.0, 280.0, 700.0, 790.0
    service_width = drawing.width - service_x - 1
    drawing.label(endpoint_x, 34, "Endpoints", "h")
    drawing.label(service_x, 34, "Services reached", "h")
    y = 50.0
    for link in picture.links:
        lines = _service_lines(link, service_width - 2 * _PAD, via=False)
        height = max(52.0, len(lines) * _LINE + 16)
        middle = y + height / 2
        kind = _css(link.kind)
        drawing.boxes.append(Box(endpoint_x, middle - 24, endpoint_width, 48, f"endpoint {kind}"))
        room = endpoint_width - 2 * _PAD
        drawing.label(endpoint_x + _PAD, middle - 4, link.endpoint, "t", room=room)
        drawing.label(endpoint_x + _PAD, middle + 14, f"{link.kind} endpoint", "m", room=room, size=_SMALL)
        drawing.stroke(endpoint_x + endpoint_width, middle, service_x, middle, f"link {kind}")
        drawing.boxes.append(Box(edge - 5, middle - 5, 10, 10, "door", 5))
        _service(drawing, lines, Box(service_x, y, service_width, height, "service"))
        y += height + 12
    if not picture.links:
        drawing.label(endpoint_x, y + 16, "No service is reached.", "m", size=_SMALL)
        y += 40
    closed = shut == "proved"
    y += 8
    lines = wrap(_SHUT[shut][1], service_width - 2 * _PAD, _SMALL)
    height = 36 + len(lines) * _LINE
    middle = y + height / 2
    drawing.boxes.append(Box(service_x, y, service_width, height, "internet" if closed else "internet open"))
    drawing.label(service_x + _PAD, y + 22, _SHUT[shut][0], "b", room=service_width - 2 * _PAD, size=_BOLD)
    for index, line in enumerate(lines):
        drawing.label(service_x + _PAD, y + 22 + (index + 1) * _LINE, line, "m")
    drawing.stroke(edge, middle, service_x, middle, "link shut")
    _cross(drawing, (edge + service_x) / 2, middle, closed)
    drawing.label(edge - _PAD, middle + 4, "no route out" if closed else "way out not proved shut", "m", anchor="end")
    bottom = max(y + height + 24, _inside(drawing, picture, inside_x, inside_width) + 20)
    drawing.boxes.append(Box(1, 1, edge - 1, bottom - 2, "vpc", 10))
    drawing.height = bottom


def _network_narrow(drawing: Picture, picture: NetworkPicture, shut: State | None) -> None:
    edge = _inside(drawing, picture, 16, drawing.width - 32) + 16
    drawing.boxes.append(Box(1, 1, drawing.width - 2, edge - 2, "vpc", 10))
    trunk, box_x = 18.0, 42.0
    box_width = drawing.width - box_x - 1
    y, last = edge + 16, edge
    for link in picture.links:
        lines = _service_lines(link, box_width - 2 * _PAD, via=True)
        height = len(lines) * _LINE + 16
        last = y + height / 2
        drawing.stroke(trunk, last, box_x, last, f"link {_css(link.kind)}")
        drawing.boxes.append(Box(trunk - 4, last - 4, 8, 8, "door", 4))
        _service(drawing, lines, Box(box_x, y, box_width, height, "service"))
        y += height + 10
    drawing.stroke(trunk, edge, trunk, last, "link")
    lines = wrap(_SHUT[shut][1], box_width - 2 * _PAD, _SMALL)
    height = 34 + len(lines) * _LINE
    y += 8
    drawing.boxes.append(Box(box_x, y, box_width, height, "internet" if shut == "proved" else "internet open"))
    drawing.label(box_x + _PAD, y + 22, _SHUT[shut][0], "b", room=box_width - 2 * _PAD, size=_BOLD)
    for index, line in enumerate(lines):
        drawing.label(box_x + _PAD, y + 22 + (index + 1) * _LINE, line, "m")
    _cross(drawing, trunk, y + height / 2, shut == "proved")
    drawing.height = y + height + 2


def _inside(drawing: Picture, picture: NetworkPicture, x: float, width: float) -> float:
    """Draw the network's range, its subnets and who is inside; return where it ends."""
    drawing.label(x, 34, f"Private network {picture.cidr}", "h", room=width, size=_BOLD)
    y = 50.0
    for subnet, zone in picture.subnets:
        zone_width = min(text_width(zone, _SMALL), width / 2 - 2 * _PAD)
        drawing.boxes.append(Box(x, y, width, 32, "subnet"))
        drawing.label(x + _PAD, y + 20, f"Subnet {subnet}", "t", room=width - zone_width - 3 * _PAD)
        drawing.label(x + width - _PAD, y + 20, zone, "m", room=zone_width, size=_SMALL, anchor="end")
        y += 38
    y += 22
    drawing.label(x, y, "Inside" if picture.inside else "Nobody is inside.", "h")
    y += 12
    chip_x = x
    for name in picture.inside:
        text = fit(one_line(name), width - 2 * _PAD, _SMALL)
        chip = min(width, text_width(text, _SMALL) + 2 * _PAD)
        if chip_x > x and chip_x + chip > x + width:
            chip_x, y = x, y + 34
        drawing.boxes.append(Box(chip_x, y, chip, 28, "chip", 14))
        drawing.label(chip_x + chip / 2, y + 18, name, "s", room=width - 2 * _PAD, size=_SMALL, anchor="middle")
        chip_x += chip + 8
    return y + (28 if picture.inside else 0)


def _service_lines(link: Link, room: float, via: bool) -> list[tuple[str, str]]:
    lines = [(line, "b") for line in wrap(link.service, room, _BOLD)]
    if via:
        lines += [(line, "m") for line in wrap(f"via {link.endpoint} ({link.kind} endpoint)", room, _SMALL)]
    css = "m" if link.needed_by else "bad"
    return lines + [(line, css) for line in wrap(_needed_by(link), room, _SMALL, _MOST_LINES_OF_NEED)]


def _service(drawing: Picture, lines: Sequence[tuple[str, str]], box: Box) -> None:
    drawing.boxes.append(box)
    first = box.y + (box.height - len(lines) * _LINE) / 2 + _LINE - 4
    for index, (text, css) in enumerate(lines):
        drawing.label(box.x + _PAD, first + index * _LINE, text, css)


def _cross(drawing: Picture, x: float, y: float, closed: bool) -> None:
    drawing.boxes.append(Box(x - 11, y - 11, 22, 22, "mark" if closed else "mark open", 11))
    if closed:
        drawing.stroke(x - 5, y - 5, x + 5, y + 5, "cross")
        drawing.stroke(x - 5, y + 5, x + 5, y - 5, "cross")
    else:
        drawing.label(x, y + 5, "?", "b", anchor="middle")


# ---- the bill -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """One row of the chart: dollars a month of one thing, where it belongs, or of everything."""

    what: str
    where: str
    idle: float
    ceiling: float


def bars(lines: Sequence[CostLine], most: int = _MOST_BARS) -> list[Bar]:
    """The cost lines as bars, one a thing and component, the dearest first; what exceeds `most` is summed."""
    groups: dict[tuple[str, str], list[CostLine]] = {}
    for line in lines:
        groups.setdefault((line.what, line.component), []).append(line)
    found = [
        Bar(
            what,
            f"{component}, {counted(len(of), 'line')}" if len(of) > 1 else f"{component}: {of[0].resource}",
            sum(line.idle_usd for line in of),
            sum(line.ceiling_usd for line in of),
        )
        for (what, component), of in groups.items()
    ]
    found.sort(key=lambda bar: (-bar.ceiling, -bar.idle, bar.where, bar.what))
    if len(found) <= most:
        return found
    rest = found[most - 1 :]
    return [
        *found[: most - 1],
        Bar(f"{len(rest)} smaller items", "together", sum(b.idle for b in rest), sum(b.ceiling for b in rest)),
    ]


def ticks(top: float, most: int = 5) -> list[float]:
    """Round figures from zero up to `top`, at most `most` steps."""
    if top <= 0:
        return [0.0]
    power = 10 ** math.floor(math.log10(top / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if top / (power * factor) <= most)
    return [index * step for index in range(math.floor(top / step + 1e-9) + 1)]


def bill(cost: Cost, width: int = WIDE) -> Picture:
    """Draw the bill: the total and what it consists of, idle floor against ceiling, on one scale, with the budget."""
    total = Bar("Everything", "the whole stack", cost.idle_usd, cost.ceiling_usd)
    rows = [total, *bars(cost.lines)]
    dearest = max(0.0, *(max(row.idle, row.ceiling) for row in rows))
    # A budget far beyond the bill would flatten every bar to nothing: it is then named beside the chart, not drawn.
    near = cost.budget_usd is not None and cost.budget_usd <= 2 * dearest
    scale = _Scale(max(dearest, (cost.budget_usd or 0.0) if near else 0.0) or 1.0, cost.budget_usd, near)
    text = "; ".join(f"{row.what} ({row.where}): {dollars(row.idle)} to {dollars(row.ceiling)}" for row in rows)
    drawing = Picture(width, "The bill a month, idle floor and ceiling", one_line(text))
    lay = _bill_narrow if width <= NARROW else _bill_wide
    lay(drawing, rows, scale)
    return drawing


@dataclass(frozen=True)
class _Scale:
    """The one scale of a chart: where it ends, and the budget, which may lie too far beyond that to be drawn."""

    top: float
    budget: float | None
    near: bool

    def share(self, amount: float) -> float:
        return max(0.0, amount) / self.top

    @property
    def budget_share(self) -> float:
        return self.share(self.budget) if self.near and self.budget is not None else 1.0

    @property
    def budget_text(self) -> str:
        return f"budget {dollars(self.budget or 0.0)}{'' if self.near else ', far to the right'}"


def _bar(drawing: Picture, row: Bar, lane: Box, scale: _Scale) -> None:
    title = one_line(f"{row.what}, {row.where}: {dollars(row.idle)} to {dollars(row.ceiling)}")
    # Two pixels are the least that can be seen; what costs nothing gets none.
    ceiling = max(2.0, scale.share(row.ceiling) * lane.width) if row.ceiling > 0 else 0.0
    idle = max(2.0, scale.share(row.idle) * lane.width) if row.idle > 0 else 0.0
    drawing.boxes.append(replace(lane, width=max(ceiling, idle), css="ceiling", title=title))
    drawing.boxes.append(replace(lane, width=idle, css="idle", title=title))


def _legend(drawing: Picture, x: float, y: float) -> None:
    drawing.boxes.append(Box(x, y - 10, 22, 12, "idle", 2))
    drawing.label(x + 30, y, "idle floor", "s")
    drawing.boxes.append(Box(x + 118, y - 10, 22, 12, "ceiling", 2))
    drawing.label(x + 148, y, "ceiling", "s")


def _bill_wide(drawing: Picture, rows: Sequence[Bar], scale: _Scale) -> None:
    bar_x, idle_x = 320.0, 925.0
    bar_width, end, first, step = 480.0, drawing.width - 2.0, 62.0, 44.0
    _legend(drawing, 0, 14)
    drawing.label(idle_x, 14, "idle floor", "m", anchor="end")
    drawing.label(end, 14, "ceiling", "m", anchor="end")
    bottom = first + len(rows) * step + 10
    for tick in ticks(scale.top, 5 if scale.top < 1e6 else 3):
        x = bar_x + scale.share(tick) * bar_width
        drawing.stroke(x, first - 6, x, bottom, "grid")
        drawing.label(x, bottom + 18, f"${tick:,.10g}", "m", anchor="middle")
    for index, row in enumerate(rows):
        y = first + index * step + (10 if index else 0)
        room = bar_x - 20
        drawing.label(0, y + 13, row.what, "b" if index == 0 else "t", room=room)
        drawing.label(0, y + 30, row.where, "m", room=room, size=_SMALL)
        _bar(drawing, row, Box(bar_x, y + 8, bar_width, 18, "lane", 2), scale)
        drawing.label(idle_x, y + 22, dollars(row.idle), "n b" if index == 0 else "n", anchor="end")
        drawing.label(end, y + 22, dollars(row.ceiling), "n b" if index == 0 else "n", anchor="end")
    drawing.stroke(0, first + step + 1, end, first + step + 1, "rule")
    if scale.budget is not None:
        x = bar_x + scale.budget_share * bar_width
        if scale.near:
            drawing.stroke(x, first - 12, x, first + step - 6, "budget")
        half = text_width(scale.budget_text, _BOLD) / 2
        x = min(x, bar_x + bar_width + 20 - half)
        drawing.label(x, first - 18, scale.budget_text, "budget-label", anchor="middle")
    drawing.height = bottom + 28


def _bill_narrow(drawing: Picture, rows: Sequence[Bar], scale: _Scale) -> None:
    width = drawing.width - 4.0
    _legend(drawing, 0, 14)
    y = 36.0
    for index, row in enumerate(rows):
        figures = f"{dollars(row.idle)} to {dollars(row.ceiling)}"
        room = width - text_width(figures, _SMALL) - 10
        drawing.label(0, y + 10, row.what, "b" if index == 0 else "t", room=room)
        drawing.label(width, y + 10, figures, "n b" if index == 0 else "n", anchor="end")
        drawing.label(0, y + 27, row.where, "m", room=width, size=_SMALL)
        _bar(drawing, row, Box(0, y + 35, width, 12, "lane", 2), scale)
        y += 64
        if index == 0 and scale.budget is not None:
            x = scale.budget_share * width
            if scale.near:
                drawing.stroke(x, y - 34, x, y - 10, "budget")
            edge = text_width(scale.budget_text, _BOLD)
            drawing.label(max(x, edge), y + 5, scale.budget_text, "budget-label", anchor="end")
            y += 26
    drawing.height = y
