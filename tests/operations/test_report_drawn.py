"""What the page draws: the network, the bars of the bill, its words and its colours."""

import json
import re
from pathlib import Path

import pytest

from operations import pictures, report, words
from operations.verdict import CreatedNode, Proof, Verdict
from tests.operations.sample_verdict import hostile, sample
from tests.operations.test_report import VERDICTS, Page

# ---- the pictures ---------------------------------------------------------------------------------------------------


def with_fit(state: str | None) -> Verdict:
    """The sample, with that state of the proof of network fit, or without such a proof."""
    verdict = sample()
    kept = [proof for proof in verdict.proofs if proof.name != "network fit"]
    fit = [Proof.model_validate({"name": "network fit", "state": state, "fact": "f"})] if state else []
    return verdict.model_copy(update={"proofs": [*kept, *fit]})


def test_the_network_claims_no_more_than_was_proved() -> None:
    for state, how in (("proved", "tried in the account"), ("rehearsed", "rehearsed"), ("planned", "as planned")):
        shut = Page(report.html(with_fit(state))).text
        assert "No way to the internet" in shut and "no route out" in shut and how in shut
    for state in ("failed", "not yet", None):
        text = Page(report.html(with_fit(state))).text
        assert "No way to the internet" not in text
        assert "no route out" not in text
        assert "way out not known to be shut" in text


def test_the_network_says_who_needs_what() -> None:
    verdict = sample()
    assert verdict.network is not None
    text = Page(report.html(verdict)).text
    for link in verdict.network.links:
        assert f"{link.endpoint} {link.kind} endpoint" in text
        assert pictures.needed_by(link) in text
    assert "needed by nothing" in text
    for place in verdict.network.places:
        assert pictures.headed(place) in text
        for part in (f"Subnet {subnet} {zone}" for subnet, zone in place.subnets):
            assert part in text


def test_each_thing_that_runs_is_drawn_once_with_what_is_inside_it_and_what_bounds_it() -> None:
    verdict = sample()
    assert verdict.network is not None
    text = report.html(verdict)
    picture = text[text.index('<div class="network">') : text.index("Who may call an endpoint")]
    for each in verdict.network.running:
        assert picture.count(f"<li>{each.name}<") == 1
        for part in each.parts:
            assert pictures.inside(each, part) in picture
    assert "security group</strong> network-workloads: out: TCP 443 to network-endpoints" in picture
    assert picture.index("On the platform&#39;s side") < picture.index("<li>document-embedder<"), "it names no subnet"


def test_what_is_open_is_said_without_a_click() -> None:
    text = report.html(sample())
    assert '<span class="sub bad">identity policy: names no network</span>' in text
    assert re.search(r'<span class="sub bad">nothing: its containers reach the internet</span>', text)


def test_a_caveat_of_the_platform_leads_to_its_source_and_what_is_no_address_is_text() -> None:
    text = report.html(sample())
    assert re.search(r'the platform&#39;s side\. <a href="https://docs\.aws\.amazon\.com/a\.html"', text)
    assert 'href="&lt;script' not in report.html(hostile())


def many(count: int) -> Verdict:
    """The sample with so many more endpoints that are alike."""
    verdict = sample()
    assert verdict.network is not None
    one = verdict.network.running[1]
    more = [one.model_copy(update={"urn": f"urn:{n}", "name": f"scorer-{n:04}"}) for n in range(count)]
    network = verdict.network.model_copy(update={"running": [*verdict.network.running, *more]})
    return verdict.model_copy(update={"network": network})


def test_hundreds_of_endpoints_are_one_in_the_picture_and_a_row_each_in_a_table_that_can_be_searched() -> None:
    text = report.html(many(400))
    picture = text[text.index('<div class="network">') : text.index("<summary>Everything that runs")]
    assert "401 \N{MULTIPLICATION SIGN} online endpoint" in picture
    assert picture.count("scorer-") < 10
    table = text[text.index('id="running-table"') :]
    assert all(table.count(f">scorer-{n:04}<") == 1 for n in range(400))
    assert 'data-table="running-table"' in text


def test_a_page_grows_with_what_runs_and_no_faster() -> None:
    sizes = [len(report.html(many(count))) for count in (100, 200, 400)]
    assert sizes[2] - sizes[1] == pytest.approx(2 * (sizes[1] - sizes[0]), rel=0.05)


@VERDICTS
def test_the_pictures_are_text_and_what_is_only_drawn_is_not_read_aloud(verdict: Verdict) -> None:
    page = Page(report.html(verdict))
    drawn = [a for tag, a in page.elements if tag == "tfoot" or a.get("class") in ("wire", "lane", "heads")]
    assert all(a.get("aria-hidden") == "true" for a in drawn)
    assert len(drawn) >= 2 * (verdict.network is not None) + 2 * bool(verdict.cost.lines)
    # A pipeline alone is drawn as lines and boxes, and its steps stand in the label and in the table.
    paths = [svg["aria-label"] for svg in page.all("svg") if svg.get("class") != "icon"]
    assert len(paths) == len([row for row in verdict.runs if pictures.is_drawn(row)]) and all(paths)


def test_a_service_is_broken_after_its_dots() -> None:
    assert "com.<wbr>amazonaws.<wbr>us-east-1.<wbr>monitoring" in report.html(sample())


def lengths(verdict: Verdict, css: str) -> list[float]:
    """How long the bars of that kind are, in percent, from the whole of the bill downwards."""
    found = [a for a in Page(report.html(verdict)).all("span") if a.get("class") == css and "style" in a]
    return [float(re.findall(r"(?:width|left): ([\d.]+)%", a["style"] or "")[0]) for a in found]


def test_bars_sum_what_belongs_together_and_lose_nothing() -> None:
    cost = sample().cost
    bars = pictures.bars(cost.lines, most=4)
    assert len(bars) == 4
    assert sum(bar.ceiling for bar in bars) == pytest.approx(cost.ceiling_usd)
    assert sum(bar.idle for bar in bars) == pytest.approx(cost.idle_usd)
    assert (bars[0].what, bars[0].where) == ("ml.g6.xlarge", "document-embedder: document-embedder")
    assert (bars[1].what, bars[1].where, bars[1].ceiling) == ("ml.t3.medium", "workspace, 2 lines", 365)


def test_bars_are_as_long_as_they_are_dear() -> None:
    verdict = sample()
    total, dearest, *_ = lengths(verdict, "ceiling")
    assert dearest / total == pytest.approx(1645.42 / verdict.cost.ceiling_usd, rel=0.001)
    assert lengths(verdict, "idle")[0] / total == pytest.approx(
        verdict.cost.idle_usd / verdict.cost.ceiling_usd, rel=0.001
    )
    (budget,) = lengths(verdict, "mark")
    assert budget < total == 100  # the ceiling is over the budget


def test_what_costs_nothing_has_no_bar() -> None:
    verdict = sample()
    rows = pictures.bill(verdict.cost).rows
    assert len(lengths(verdict, "idle")) == sum(row.idle > 0 for row in rows) < len(rows)
    assert len(lengths(verdict, "ceiling")) == sum(row.ceiling > 0 for row in rows)


@pytest.mark.parametrize(
    ("budget", "marks", "said"),
    [(None, 0, ""), (2500, 1, "budget $2,500.00"), (1e6, 0, "budget $1,000,000.00, far to the right"), (0, 1, "$0.00")],
)
def test_the_budget_is_drawn_when_it_is_near(budget: float | None, marks: int, said: str) -> None:
    verdict = sample()
    verdict = verdict.model_copy(update={"cost": verdict.cost.model_copy(update={"budget_usd": budget})})
    assert len(lengths(verdict, "mark")) == marks
    assert said in pictures.bill(verdict.cost).budget_text
    assert pictures.bill(verdict.cost).budget_text in Page(report.html(verdict)).text
    assert ('class="budget"' in report.html(verdict)) == bool(said)


@pytest.mark.parametrize(
    ("top", "expected"),
    [(1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (2523, [0, 1000, 2000]), (2500, [0, 500, 1000, 1500, 2000, 2500])],
)
def test_ticks_are_round(top: float, expected: list[float]) -> None:
    assert pictures.Chart([], top, None, near=False).ticks == pytest.approx(expected)


# ---- the words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (0.001, "<$0.01"), (0.5, "$0.50"), (1234.5, "$1,234.50"), (-3, "-$3.00"), (-0.001, ">-$0.01")],
)
def test_dollars(amount: float, text: str) -> None:
    assert words.dollars(amount) == text


def test_the_bill_in_words_knows_over_from_under() -> None:
    verdict = sample()

    def said(budget: float | None, unpriced: int = 0) -> str:
        cost = {"budget_usd": budget, "unpriced": verdict.cost.unpriced[:unpriced]}
        return words.bill_in_words(verdict.model_copy(update={"cost": verdict.cost.model_copy(update=cost)}))

    assert said(2500).endswith("The budget is $2,500.00: the ceiling is $23.91 over it.")
    assert said(3000).endswith("The budget is $3,000.00: the ceiling is $476.09 under it.")
    assert said(100).endswith("The budget is $100.00: even the idle floor is $55.38 over it.")
    assert said(None).endswith("No budget is set.")
    assert said(2500, 1).endswith(
        "$2,523.91, 1 line unknown. The budget is $2,500.00: the ceiling is at least $23.91 over it."
    )
    assert said(3000, 1).endswith("The budget is $3,000.00: what is unknown may be more than is left of it.")
    assert said(100, 1).endswith("The budget is $100.00: even the idle floor is at least $55.38 over it.")


def test_where_a_line_is_unknown_every_total_is_at_least() -> None:
    verdict = sample()
    page = Page(report.html(verdict)).text
    assert verdict.cost.unpriced and "at least $2,523.91" in page and "1 line unknown" in page
    known = verdict.model_copy(update={"cost": verdict.cost.model_copy(update={"unpriced": []})})
    assert "at least" not in Page(report.html(known)).text
    assert json.loads(json.dumps(verdict.model_dump(mode="json")))["cost"]["unknown_lines"] == 1


def test_the_tree_counts_resources_and_not_components() -> None:
    tree = {component.name: component for component in sample().created}
    assert words.held(tree["audit"]) == 5
    assert words.kinds(tree["audit"], deep=False) == [("Trail", 1)]
    assert dict(words.kinds(tree["audit"], deep=True))["BucketPolicy"] == 1
    assert words.held(tree["features"]) == 0
    assert sum(map(words.held, sample().created)) == sample().resources
    assert words.is_component(CreatedNode(name="x", type="mlplatform-aws:index:Features", count=0))


# ---- the colours ----------------------------------------------------------------------------------------------------


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the light and the dark scheme by name. The dark one says only what differs."""
    style = (Path(report.__file__).with_name("pages") / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,8})", block)) for block in style.split("* {")[0].split("@media")
    )
    return {"light": light, "dark": light | dark}


def channels(colour: str, behind: str) -> list[float]:
    """Red, green and blue from 0 to 1, over what is behind where the colour lets it through."""
    digits = colour.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    own = [int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2)]
    share = own[3] if len(own) == 4 else 1.0
    return (
        own[:3]
        if share == 1
        else [share * c + (1 - share) * b for c, b in zip(own, channels(behind, behind), strict=False)]
    )


def luminance(colour: list[float]) -> float:
    """The relative luminance of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("word", "ground"),
    [
        *((word, ground) for word in ("text", "muted", "accent", "no") for ground in ("page", "card", "soft")),
        *((word, f"{word}-soft") for word in ("yes", "no", "open")),
        ("text", "accent-soft"),
    ],
)
def test_every_word_stands_out_from_what_is_behind_it(scheme: str, word: str, ground: str) -> None:
    colours = schemes()[scheme]
    behind = luminance(channels(colours[ground], colours["card"]))
    before = luminance(channels(colours[word], colours["card"]))
    assert (max(before, behind) + 0.05) / (min(before, behind) + 0.05) >= 4.5
