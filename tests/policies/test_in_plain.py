"""Secrets in plain text are found by their form and by their name, and nothing else is."""

from dataclasses import replace

import pytest

from catalogue.graph import Graph
from policies import pack
from policies.in_plain import secrets

FOUND = [
    ({"environmentVariables": {"API_KEY": "a8f5f167f44f4964e6c998dee827110c"}}, "environmentVariables.API_KEY"),
    ({"properties": {"clientSecret": "Zx8~Q.something"}}, "properties.clientSecret"),
    ({"tags": {"note": "AccountKey=abcdefghijklmnopqrstuvwxyz0123456789=="}}, "tags.note"),
    ({"command": "export DB_PASSWORD='hunter2hunter2'; serve"}, "command"),
    ({"env": [{"name": "GITHUB_TOKEN", "value": "abcdefgh"}]}, "env.0.GITHUB_TOKEN"),
    ({"uri": "https://theirs.blob.core.windows.net/x?sv=1&sig=abcdefghijklmnopqrstuvwxyz"}, "uri"),
    ({"uri": f"https://b.s3.amazonaws.com/m.tar.gz?X-Amz-Expires=604800&X-Amz-Signature={'abcdef01' * 8}"}, "uri"),
    ({"script": "-----BEGIN RSA PRIVATE KEY-----"}, "script"),
    ({"description": "postgres://app:hunter22@db/x"}, "description"),
]
NONE = [
    {"environmentVariables": {"MAX_TOKENS": "8192", "MODEL_NAME": "fraud-scorer"}},
    {"authMode": "AADToken", "credentialsType": "None", "keyName": "data", "tokenType": "bearer"},
    {
        "environmentVariables": {
            "API_KEY": "https://vault.vault.azure.net/secrets/api",
            "DB_PASSWORD": "${{secrets.db}}",
        }
    },
    {
        "secretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x",
        "password": {"4dabf18193072939515e22": "x"},
    },
    {"command": 'find "$data" -type f | while read -r token; do echo $token; done'},
]


@pytest.mark.parametrize(("inputs", "path"), FOUND)
def test_a_secret_is_found_and_not_told(inputs: dict[str, object], path: str) -> None:
    (found,) = secrets(inputs)
    assert found[0] == path
    assert not any(word in " ".join(found) for word in ("hunter2", "abcdefgh", "a8f5"))


@pytest.mark.parametrize("inputs", NONE)
def test_what_is_no_secret_is_not_found(inputs: dict[str, object]) -> None:
    assert list(secrets(inputs)) == []


def test_a_secret_among_the_outputs_of_the_stack_is_found_and_a_marked_one_is_none(aws_pilot: Graph) -> None:
    (rule,) = (rule for rule in pack.RULES["aws"] if rule.name == "secrets-in-plain")
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    (found,) = rule.judge(replace(aws_pilot, outputs={"apiKey": "hunter2hunter2", "password": marked})).violations
    assert found.sentence == "has what its name calls a secret in plain text among its outputs (apiKey)"
    assert not rule.judge(aws_pilot).violations
