"""A stack in another region, or on machine types of its own, is priced by the lists or says what has no price."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.pricing import Pricing, Unpriced
from operations import facts, hardware
from stacks.config import NAMESPACE, STACKS
from tests.previewing import preview

MOVED = [
    ("aws", "eu-west-1", []),
    ("aws", "ap-southeast-2", []),
    ("aws", "mx-central-1", ["ml.g6.xlarge"]),  # it came after the fifth generation: cpu-small is ml.m6i.large there
    ("gcp", "europe-west4", []),
    ("gcp", "asia-northeast1", []),
    ("gcp", "us-west2", ["g2-standard-4"]),  # no zone of it has an L4
    ("azure", "westeurope", []),
    ("azure", "uksouth", []),
    ("azure", "southeastasia", []),
]


def moved(platform: str, region: str, folder: Path, change: dict[str, Any] | None = None) -> Graph:
    """The graph of the platform's pilot under another name, in another region."""
    text = (STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)["config"]
    was = config[f"{NAMESPACE}:region"]
    config = yaml.safe_load(yaml.safe_dump(config).replace(was, region))
    for section, items in (change or {}).items():
        for name, said in items.items():
            config[f"{NAMESPACE}:{section}"][name] = {
                key: value for key, value in config[f"{NAMESPACE}:{section}"][name].items() if key != "family"
            } | said
    file = folder / "Pulumi.elsewhere.yaml"
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return preview(file)


@pytest.mark.sweep(3)
@pytest.mark.parametrize(("platform", "region", "unknown"), MOVED)
def test_each_machine_costs_what_the_lists_say_or_is_named_as_unpriced(
    tmp_path: Path, platform: str, region: str, unknown: list[str]
) -> None:
    graph = moved(platform, region, tmp_path)
    known, pricing = catalogue.load(platform), Pricing(graph, catalogue.load(platform), region)
    uses = [use for _, use in facts.uses(graph)]
    assert uses
    unpriced: list[str] = []
    for use in uses:
        try:
            hour = pricing.hour(use)
        except Unpriced as missing:
            assert use.machine_type in str(missing) and region in str(missing)
            unpriced.append(use.machine_type)
        else:
            name = known.family_of(use.machine_type, use.accelerator)
            assert name and hour == known.machine(name).price(region, use.use)
    assert sorted(set(unpriced)) == unknown


def test_a_machine_that_is_not_sold_in_the_region_is_named_with_where_it_is(tmp_path: Path) -> None:
    rows = hardware.fit(moved("gcp", "us-west2", tmp_path), "us-west2")
    said = [(row.stack_key, sentence) for row, sentence, _ in hardware.problems(rows, "gcp", "us-west2")]
    shown = [(key, sentence) for key, sentence in said if "no source shows" in sentence]
    assert [key for key, _ in shown] == ["batch_jobs.document-embedder"]
    assert "; it is sold in asia-east1, " in shown[0][1] and shown[0][1].endswith(" more")


def test_what_serves_in_a_region_and_does_not_train_there_is_told_by_its_use(tmp_path: Path) -> None:
    """In Frankfurt Vertex AI serves on an L4 and trains on none."""
    text = (STACKS / "Pulumi.gcp-full.yaml").read_text(encoding="utf-8").replace("us-central1", "europe-west3")
    config = yaml.safe_load(text)["config"]
    config[f"{NAMESPACE}:training"]["fraud-training"]["family"] = "gpu-l4"
    (file := tmp_path / "Pulumi.elsewhere.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    rows = hardware.fit(preview(file), "europe-west3")
    said = {row.stack_key: one for row, one, _ in hardware.problems(rows, "gcp", "europe-west3")}
    assert set(said) == {"training.fraud-training", "pipelines.fraud-path", "pipelines.fraud-best"}
    for one in said.values():
        assert one.startswith("uses gpu-l4 (") and "for training, which no source shows in europe-west3; it is" in one


@pytest.mark.sweep(2)
@pytest.mark.parametrize(
    ("platform", "region", "machine_type"),
    [
        ("aws", "eu-west-1", "ml.g6.12xlarge"),
        ("aws", "eu-west-1", "ml.c7i.xlarge"),
        ("gcp", "europe-west4", "g2-standard-24"),
        ("gcp", "europe-west4", "n1-standard-4"),
        ("azure", "westeurope", "Standard_NC48ads_A100_v4"),
        ("azure", "westeurope", "Standard_D8as_v4"),
    ],
)
def test_a_machine_type_of_its_own_is_priced_and_judged_like_a_family(
    tmp_path: Path, platform: str, region: str, machine_type: str
) -> None:
    graph = moved(platform, region, tmp_path, {"endpoints": {"fraud-scorer": {"machine_type": machine_type}}})
    known = catalogue.load(platform).machine(machine_type)
    row = next(row for row in hardware.fit(graph, region) if row.stack_key == "endpoints.fraud-scorer")
    assert (row.family, row.sold_in_region, row.may_serve) == (machine_type, True, True)
    assert machine_type in row.machine_type
    assert row.quota_name == known.uses["online"].quota_name
    use = next(use for r, use in facts.uses(graph) if r.urn == row.urn)
    assert Pricing(graph, catalogue.load(platform), region).hour(use) == known.price(region, "online")


def test_a_machine_of_a_series_whose_fee_nobody_quoted_fits_and_has_no_price(tmp_path: Path) -> None:
    change = {"endpoints": {"fraud-scorer": {"machine_type": "n2-standard-4"}}}
    graph = moved("gcp", "europe-west4", tmp_path, change)
    row = next(row for row in hardware.fit(graph, "europe-west4") if row.stack_key == "endpoints.fraud-scorer")
    cpus = "aiplatform.googleapis.com/custom_model_serving_cpus"
    assert (row.quota_name, row.may_serve, row.sold_in_region) == (cpus, True, True)
    use = next(use for r, use in facts.uses(graph) if r.urn == row.urn)
    with pytest.raises(Unpriced):  # no quoted pair shows the fee of N2
        Pricing(graph, catalogue.load("gcp"), "europe-west4").hour(use)
