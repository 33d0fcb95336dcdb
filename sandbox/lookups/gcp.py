"""What the simulated Google Cloud answers to data look-ups: the project, its settings, its service agents."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Lookup, project_number


def _project(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """A project of an organization, with a billing account."""
    return {
        "id": f"projects/{account}",
        "projectId": account,
        "name": account,
        "number": project_number(account),
        "billingAccount": "000000-AAAAAA-BBBBBB",
        "orgId": "123456789012",
        "folderId": "",
        "labels": {},
        "effectiveLabels": {},
        "pulumiLabels": {},
        "tags": {},
        "autoCreateNetwork": False,
        "deletionPolicy": "PREVENT",
    }


def _agent(key: str, email: str) -> Lookup:
    """A service agent that a look-up makes. Its address stands under `key`."""

    def look_up(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
        address = email.format(number=project_number(account))
        return {
            "id": address,
            "project": account,
            key: address,
            "member": f"serviceAccount:{address}",
        }

    return look_up


def _cmek_settings(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    return {
        "id": f"projects/{account}/cmekSettings",
        "name": f"projects/{account}/cmekSettings",
        "project": account,
        "kmsKeyName": "",
        "kmsKeyVersionName": "",
        "serviceAccountId": f"cmek-p{project_number(account)}@gcp-sa-logging.iam.gserviceaccount.com",
    }


LOOKUPS: Mapping[str, Lookup] = {
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _agent(
        "email", "bq-{number}@bigquery-encryption.iam.gserviceaccount.com"
    ),
    "gcp:logging/getProjectCmekSettings:getProjectCmekSettings": _cmek_settings,
    "gcp:organizations/getProject:getProject": _project,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _agent(
        "emailAddress", "service-{number}@gs-project-accounts.iam.gserviceaccount.com"
    ),
}
