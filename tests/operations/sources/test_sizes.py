"""What AWS's own SDK says of sizes, under the names of the bridged SDK; and whose AWS's images are."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from catalogue.generated import generated
from operations.sources import registries, sizes
from operations.sources.golang import Unread
from tests.operations.sources.test_rights import repository

SHAPES: dict[str, Any] = {
    "Input": {
        "type": "structure",
        "members": {
            "AlarmName": {"shape": "Name"},
            "MetricName": {"shape": "Name"},
            "Dimensions": {"shape": "Dimensions"},
            "MetricQueries": {"shape": "Queries"},
            "Threshold": {"shape": "Number"},
        },
    },
    "Name": {"type": "string", "max": 255},
    "Number": {"type": "double", "max": 7},
    "Dimensions": {"type": "list", "max": 30, "member": {"shape": "Dimension"}},
    "Dimension": {"type": "structure", "members": {}},
    "Queries": {"type": "list", "member": {"shape": "Query"}},
    "Query": {"type": "structure", "members": {"Expression": {"shape": "Expression"}}},
    "Expression": {"type": "string", "max": 1024},
}


def models(folder: Path) -> Path:
    """A botocore with two models of a service, of which the newer counts."""
    for day, shapes in (("2009-01-01", {}), ("2010-08-01", SHAPES)):
        file = folder / "cloudwatch" / day / "service-2.json.gz"
        file.parent.mkdir(parents=True)
        said = {"operations": {"PutMetricAlarm": {"input": {"shape": "Input"}}}, "shapes": shapes}
        file.write_bytes(gzip.compress(json.dumps(said).encode()))
    return folder


def test_sizes_stand_under_the_names_of_the_bridged_sdk(tmp_path: Path) -> None:
    assert sizes.of_aws("aws:cloudwatch/metricAlarm:MetricAlarm", models(tmp_path)) == {
        "dimensions": 30,
        "metricName": 255,
        "metricQueries.expression": 1024,
        "name": 255,
    }


def test_a_type_without_a_request_has_no_sizes_and_a_service_without_a_model_is_told(tmp_path: Path) -> None:
    assert sizes.of_aws("aws:s3/bucketVersioning:BucketVersioning", tmp_path) == {}
    with pytest.raises(Unread, match="has no model of sagemaker; run make setup"):
        sizes.of_aws("aws:sagemaker/model:Model", tmp_path)


@pytest.mark.parametrize(
    ("token", "path", "most"),
    [
        ("aws:sagemaker/model:Model", "name", 63),
        ("aws:sagemaker/model:Model", "primaryContainer.environment", 100),
        ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "name", 63),
        ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "productionVariants", 10),
        ("aws:sagemaker/endpoint:Endpoint", "tags", 50),
        ("aws:iam/role:Role", "name", 64),
        ("aws:scheduler/schedule:Schedule", "name", 64),
    ],
)
def test_what_the_clouds_pages_say_is_what_was_generated(token: str, path: str, most: int) -> None:
    assert generated("aws").types[token].longest[path] == most


def test_the_accounts_of_awss_images_are_read_at_any_depth(tmp_path: Path) -> None:
    one = {"versions": {"1": {"registries": {"us-east-1": "683313688378", "eu-west-1": "141502667606"}}}}
    two = {"scope": ["inference"], "parts": [{"registries": {"us-east-1": "683313688378"}}]}
    files = {f"{registries.FOLDER}/{name}.json": json.dumps(said) for name, said in (("a", one), ("b", two))}
    assert registries.of_aws(repository(tmp_path, files)) == ["141502667606", "683313688378"]
    assert {"683313688378", "763104351884"} < generated("aws").registries
