"""What stands before each edit of `docs/changing.md`, and other values than those that stand, as each platform writes
them. It is the platform's pilot, with a caller, places of others, training jobs and a pipeline beside.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from catalogue.platforms import PLATFORMS, Platform
from stacks.config import STACKS
from stacks.model import NAMESPACE

Config = dict[str, Any]

ELSEWHERE: Mapping[Platform, str] = {"aws": "eu-west-1", "gcp": "us-east4", "azure": "westeurope"}
"""A region of another team's stack on each platform."""


def standing(platform: Platform, region: str = "", team: str = "payments-risk") -> Config:
    """What stands before each edit, by key.

    With another region and team it is another team's, in the words of that region.
    """
    said = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in _pilot(platform).items()}
    jobs = {"fraud-training": _training(platform), "fraud-search": _search(platform)}
    more = {"training": jobs, "pipelines": {"fraud-path": _pipeline(platform)}}
    return in_region({**said, **_MORE[platform], **more, "team": team}, platform, region)


def _training(platform: Platform) -> Config:
    """A training job on Spot machines and a schedule, as the platform writes its words."""
    words, folder = OTHER[platform], OTHER[platform]["output_uri"].replace("/batch/other/", "/training/")
    return {
        "image": words["image"],
        "data": {"train": words["input_uri"].replace("/other/", "/transactions/")},
        "output_uri": f"{folder}fraud-training/",
        "hyperparameters": {"regularization": "1.0"},
        "family": "cpu-medium",
        "max_hours": 2,
        "spot": {"checkpoint_uri": f"{folder}fraud-training/checkpoints/", "wait_hours": 4},
        "schedule": "30 5 * * 1",
        "timezone": "Europe/Berlin",
    }


def _search(platform: Platform) -> Config:
    """A training job that searches, and that a person starts."""
    job, pattern = _training(platform), {"pattern": "loss=([0-9.]+)"} if platform == "aws" else {}
    tuning = {
        "objective": {"metric": "loss", "goal": "minimize", **pattern},
        "ranges": {"rounds": {"min": 10, "max": 90}},
        "parallel": 2,
        "total": 8,
        "strategy": "random",
    }
    said = {key: job[key] for key in ("image", "data", "hyperparameters", "family", "max_hours")}
    output = job["output_uri"].replace("/fraud-training/", "/fraud-search/")
    return {**said, "output_uri": output, "tuning": tuning, "runs_per_month": 2}


def _pipeline(platform: Platform) -> Config:
    """Two programs, one after the other, on a schedule."""
    job = _training(platform)
    program = {"image": job["image"], "family": "cpu-medium", "max_hours": 1}
    return {
        "output_uri": job["output_uri"].replace("/training/fraud-training/", "/pipelines/fraud-path/"),
        "schedule": "30 6 * * 1",
        "timezone": "Europe/Berlin",
        "steps": {
            "prepare": {**program, "program": ["prepare"], "inputs": {"raw": job["data"]["train"]}},
            "evaluate": {
                **program,
                "program": ["evaluate"],
                "options": {"bound": "0.9"},
                "inputs": {"data": "prepare"},
            },
        },
    }


@cache
def _pilot(platform: Platform) -> Config:
    return yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))["config"]


def in_region(said: Mapping[str, Any], platform: Platform, region: str) -> Config:
    """The same with each word that names the pilot's region in another one."""
    home = PLATFORMS[platform].region
    return in_words_of(said, home, region or home)


def in_words_of(said: Mapping[str, Any], word: str, another: str) -> Config:
    """The same with another word in place of one."""
    return json.loads(json.dumps(said).replace(word, another))


_MORE: Mapping[Platform, Config] = {
    "aws": {
        "callers": {
            "payments-app": {
                "network": "vpc-0123456789abcdef0",
                "cidr": "10.60.0.0/20",
                "identity": "arn:aws:iam::111122223333:role/payments-app",
            }
        },
        "sources": {
            "444455556666.dkr.ecr.us-east-1.amazonaws.com": {"account": "444455556666", "granted_by": "change 4711"},
            "s3://claims-data": {
                "account": "111122223333",
                "granted_by": "change 4712",
                "key": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            },
        },
    },
    "gcp": {
        "callers": {"payments-app": {"account": "payments-app"}},
        "sources": {
            "us-central1-docker.pkg.dev/shared-images": {"account": "shared-images", "granted_by": "change 4711"},
        },
    },
    "azure": {
        "callers": {
            "payments-app": {
                "network": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/apps/providers/"
                "Microsoft.Network/virtualNetworks/apps",
                "cidr": "10.60.0.0/20",
                "identity": "0a1b2c3d-0000-4000-8000-00000000000c",
            }
        },
        "sources": {
            "sharedml.azurecr.io": {
                "account": "44445555-3333-4444-5555-666677778888",
                "granted_by": "change 4711",
                "registry_id": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/shared/providers/"
                "Microsoft.ContainerRegistry/registries/sharedml",
            }
        },
    },
}
OTHER: Mapping[Platform, Mapping[str, Any]] = {
    "aws": {
        "account": "999922223333",
        "person": None,
        "principal": "cy@example.com",
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "zone": "us-east-1a",
        "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:mlplatform-example-2",
        "artifact_uri": "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/2/model.tar.gz",
        "folder_uri": "s3://aws-pilot-artifacts-111122223333/models/",
        "input_uri": "s3://aws-pilot-artifacts-111122223333/data/other/",
        "output_uri": "s3://aws-pilot-artifacts-111122223333/batch/other/",
        "machine": "ml.m5.2xlarge",
        "network": "vpc-0fedcba9876543210",
        "peer": "444455556666",
        "identity": "arn:aws:iam::111122223333:role/another-app",
        "key": "arn:aws:kms:us-east-1:111122223333:key/99999999-12ab-34cd-56ef-1234567890ab",
        "source": "s3://claims-data",
        "place": "444455556666.dkr.ecr.us-east-1.amazonaws.com",
        "new source": "777788889999.dkr.ecr.us-east-1.amazonaws.com",
        "new owner": "777788889999",
        "receiver": {"account": "777788889999", "publisher": "arn:aws:iam::777788889999:role/aws-test-publisher"},
        "origin": {"key": "arn:aws:kms:us-east-1:777788889999:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    },
    "gcp": {
        "account": "another-project-1",
        "person": "cy@example.com",
        "principal": "dee@example.com",
        "zones": ["us-central1-a", "us-central1-b"],
        "zone": "us-central1-b",
        "image": "us-central1-docker.pkg.dev/payments-risk-pilot/gcp-pilot-registry-images/mlplatform-example:2",
        "artifact_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/models/mlplatform-example/2/",
        "folder_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/models/",
        "input_uri": "gs://payments-risk-pilot-data/other/",
        "output_uri": "gs://gcp-pilot-artifacts-payments-risk-pilot/batch/other/",
        "machine": "n1-standard-8",
        "network": "projects/company-network-host/global/networks/shared-ml",
        "peer": "another-app-1",
        "identity": "another-app@payments-app.iam.gserviceaccount.com",
        "key": "a key",
        "source": "us-central1-docker.pkg.dev/shared-images",
        "place": "us-central1-docker.pkg.dev/shared-images",
        "new source": "us-central1-docker.pkg.dev/other-images",
        "new owner": "other-images",
        "receiver": {"account": "other-images", "publisher": "test-publisher@other-images.iam.gserviceaccount.com"},
        "origin": {},
    },
    "azure": {
        "account": "99992222-3333-4444-5555-666677778888",
        "person": "0a1b2c3d-0000-4000-8000-00000000000e",
        "principal": "0a1b2c3d-0000-4000-8000-00000000000f",
        "zones": ["1", "2"],
        "zone": "1",
        "image": "azurepilotimages747f690c.azurecr.io/mlplatform-example:2",
        "artifact_uri": "azureml://datastores/artifacts/paths/mlplatform-example/2/",
        "folder_uri": "azureml://datastores/artifacts/paths/",
        "input_uri": "azureml://datastores/artifacts/paths/other/",
        "output_uri": "azureml://datastores/artifacts/paths/batch/other/",
        "machine": "Standard_DS4_v2",
        "network": "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/apps/providers/"
        "Microsoft.Network/virtualNetworks/other",
        "peer": "44445555-3333-4444-5555-666677778888",
        "identity": "0a1b2c3d-0000-4000-8000-00000000000d",
        "key": "a key",
        "source": "sharedml.azurecr.io",
        "place": "sharedml.azurecr.io",
        "new source": "otherml.azurecr.io",
        "new owner": "77775555-3333-4444-5555-666677778888",
        "receiver": {
            "account": "77775555-3333-4444-5555-666677778888",
            "publisher": "0a1b2c3d-0000-4000-8000-000000000010",
        },
        "origin": {},
    },
}
"""Other values than those that stand, as each platform writes them."""
_HUB = "/subscriptions/11112222-3333-4444-5555-666677778888/resourceGroups/hub/providers/Microsoft.Network"
GIVEN_NETWORK: Mapping[Platform, Config] = {
    "aws": {
        "vpc_id": "vpc-0aaaaaaaaaaaaaaa0",
        "subnet_ids": {f"us-east-1{zone}": f"subnet-0aaaaaaaaaaaaaaa{zone}" for zone in "abc"},
        "s3_prefix_list_id": "pl-63a5400a",
    },
    "gcp": {
        "project": "company-network-host",
        "network": "shared-ml",
        "subnetwork": "ml-us",
        "private_domains": [
            "googleapis.com",
            "pkg.dev",
            "notebooks.cloud.google.com",
            "notebooks.googleusercontent.com",
        ],
    },
    "azure": {
        "virtual_network_id": f"{_HUB}/virtualNetworks/ml",
        "subnet_id": f"{_HUB}/virtualNetworks/ml/subnets/private",
    },
}
"""A network of the organisation's, as an entry of its landing zones has it."""
