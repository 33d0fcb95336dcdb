"""Our provider logs in to Azure as azure-native does: by the same variables, in the same order."""

import os

import azure.identity
import pytest

from provider.azure_login import credential
from provider.errors import ProviderError

APPLICATION = {"ARM_TENANT_ID": "tenant", "ARM_CLIENT_ID": "client"}
CERTIFICATE = {"ARM_CLIENT_CERTIFICATE_PATH": "key.pem", "ARM_CLIENT_CERTIFICATE_PASSWORD": "word"}
SECRET, MSI = {"ARM_CLIENT_SECRET": "secret"}, {"ARM_USE_MSI": "true"}
OIDC = {"ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": "job"}


@pytest.fixture
def made(monkeypatch):
    """Each credential that is made: its class's name, and what it was told."""
    told = []
    for name in (
        "AzureCliCredential",
        "CertificateCredential",
        "ClientAssertionCredential",
        "ClientSecretCredential",
        "DefaultAzureCredential",
        "ManagedIdentityCredential",
    ):

        def make(*ids, _name=name, **more):
            told.append((_name, ids, more))

        monkeypatch.setattr(azure.identity, name, make)
    for name in [name for name in os.environ if name.startswith(("ARM_", "AZURE_", "ACTIONS_"))]:
        monkeypatch.delenv(name)
    return told


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "AzureCliCredential"),
        ({"AZURE_CLIENT_ID": "a", "AZURE_TENANT_ID": "b", "AZURE_CLIENT_SECRET": "c"}, "AzureCliCredential"),
        (MSI, "ManagedIdentityCredential"),
        ({**APPLICATION, **OIDC, **MSI}, "ClientAssertionCredential"),
        ({**APPLICATION, **SECRET, **OIDC, **MSI}, "ClientSecretCredential"),
        ({**APPLICATION, **CERTIFICATE, **SECRET, **OIDC}, "CertificateCredential"),
        ({"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true", **APPLICATION, **SECRET}, "DefaultAzureCredential"),
        ({**APPLICATION, "ARM_USE_OIDC": "false"}, "AzureCliCredential"),
    ],
)
def test_the_first_method_that_is_asked_for_is_taken(made, monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    credential()
    assert [name for name, _, _ in made] == [expected]
    if expected in ("CertificateCredential", "ClientAssertionCredential", "ClientSecretCredential"):
        assert made[0][1] == ("tenant", "client")


def test_a_jobs_token_is_read_anew_each_time(made, monkeypatch, tmp_path):
    token = tmp_path / "token"
    for name, value in {**APPLICATION, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN_FILE_PATH": str(token)}.items():
        monkeypatch.setenv(name, value)
    credential()
    for text in ("first", "second"):
        token.write_text(f"{text}\n", encoding="utf-8")
        assert made[0][2]["func"]() == text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (SECRET, "ARM_TENANT_ID is not set"),
        ({**SECRET, "ARM_TENANT_ID": "tenant"}, "ARM_CLIENT_ID is not set"),
        ({**APPLICATION, "ARM_USE_OIDC": "true"}, "without ARM_OIDC_TOKEN"),
    ],
)
def test_half_a_login_is_said(made, monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ProviderError, match=said):
        credential()
    assert not made
