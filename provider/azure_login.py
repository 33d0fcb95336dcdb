"""Whom our provider is to Azure: the same login that azure-native finds, by the same variables in the same order.

Two chains would let azure-native make everything and our own provider fail at the end, where a machine has only ARM_*
variables or only AZURE_* ones. A method whose variables are set is taken, and the next is not tried.

Source: https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/provider/auth_azidentity.go
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from provider.errors import ProviderError

_AUDIENCE = "api://AzureADTokenExchange"


def credential() -> Any:
    """The credential of azure-identity that the variables ask for; the Azure CLI's where they ask for none.

    Raises ProviderError where a method is asked for and a variable of it is missing.
    """
    from azure import identity

    if _asked("ARM_USE_DEFAULT_AZURE_CREDENTIAL"):
        return identity.DefaultAzureCredential()
    if path := _found("ARM_CLIENT_CERTIFICATE_PATH"):
        password = _found("ARM_CLIENT_CERTIFICATE_PASSWORD") or None
        return identity.CertificateCredential(*_application(), certificate_path=path, password=password)
    if secret := _found("ARM_CLIENT_SECRET"):
        return identity.ClientSecretCredential(*_application(), client_secret=secret)
    if _asked("ARM_USE_OIDC"):
        return identity.ClientAssertionCredential(*_application(), func=_assertion())
    if _asked("ARM_USE_MSI"):
        client = _found("ARM_CLIENT_ID")
        return identity.ManagedIdentityCredential(client_id=client) if client else identity.ManagedIdentityCredential()
    return identity.AzureCliCredential(tenant_id=_found("ARM_TENANT_ID"))


def _found(variable: str) -> str:
    return os.environ.get(variable, "")


def _asked(variable: str) -> bool:
    return _found(variable) == "true"  # azure-native takes no other word


def _application() -> tuple[str, str]:
    """The ids of the directory and of the application in it."""
    for variable in ("ARM_TENANT_ID", "ARM_CLIENT_ID"):
        if not _found(variable):
            raise ProviderError(f"no Azure login: {variable} is not set, beside the other ARM_ variables; set it")
    return _found("ARM_TENANT_ID"), _found("ARM_CLIENT_ID")


def _assertion() -> Callable[[], str]:
    """What gives the token of the job that runs this program, each time that Azure wants one."""
    if token := _found("ARM_OIDC_TOKEN"):
        return lambda: token
    if path := _found("ARM_OIDC_TOKEN_FILE_PATH"):
        return lambda: Path(path).read_text(encoding="utf-8").strip()
    url = _found("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = _found("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if not url or not bearer:
        raise ProviderError(
            "no Azure login: ARM_USE_OIDC is set without ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or a URL and token "
            "to request one; set one of them"
        )

    def request() -> str:
        where = httpx.URL(url).copy_merge_params({"audience": _found("ARM_OIDC_AUDIENCE") or _AUDIENCE})
        answer = httpx.get(where, headers={"Authorization": f"Bearer {bearer}", "Accept": "application/json"})
        if not answer.is_success:
            raise ProviderError(f"no Azure login: the job's own token was refused (HTTP {answer.status_code})")
        return str(answer.json()["value"])

    return request
