"""A stack that somebody's `pulumi stack init` has made lives in a sandbox beside its own salt and key."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sandbox.engine import Engine
from stacks.config import STACKS

TEXT = (STACKS / "Pulumi.gcp-pilot.yaml").read_text(encoding="utf-8")
INITIALISED = {
    "passphrase": "encryptionsalt: v1:hJb0ZP6Ydjg=:v1:V7qpQ2ZbqTMnE8tE:RsVsMZ8pQpO0lFqVJ4i5bzq1cJZc9w==\n",
    "awskms": "secretsprovider: awskms://alias/pulumi?region=us-east-1\nencryptedkey: AQICAHhkdWBk\n",
    "azurekeyvault": "secretsprovider: azurekeyvault://v.vault.azure.net/keys/k\nencryptedkey: AQICAHhkdWBk\n",
}


@pytest.mark.parametrize("initialised", INITIALISED.values(), ids=INITIALISED)
def test_the_sandbox_encrypts_by_its_own_passphrase(
    sandbox: Callable[[], Engine], tmp_path: Path, initialised: str
) -> None:
    engine, file = sandbox(), tmp_path / "Pulumi.payments-dev.yaml"
    file.write_text(TEXT + initialised, encoding="utf-8")
    engine.home.take(file)
    engine.make("payments-dev")
    engine.home.take(file)
    engine.ask("config", "set", "--secret", "mlplatform:team", "s3cret", "--stack", "payments-dev")
    assert engine.ask("config", "get", "mlplatform:team", "--stack", "payments-dev").strip() == "s3cret"
    copy = yaml.safe_load((engine.home.path / "stacks" / file.name).read_text(encoding="utf-8"))
    assert "secretsprovider" not in copy and copy["encryptionsalt"] not in initialised
    assert file.read_text(encoding="utf-8") == TEXT + initialised
