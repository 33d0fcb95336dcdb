"""Makes `docs/personas.md`, the table of who does what, from the data. `make docs` writes it; a test compares it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from catalogue.platforms import PLATFORMS
from policies.personas import GIVEN, Table, Task, table

FILE = Path(__file__).parents[2] / "docs" / "personas.md"
_HEAD = """# Who does what

Each persona is one identity, with the few rights that its tasks take. A test asks every cell of the cloud's own
evaluation, on the graphs of our pilots and of another company's stacks in other regions: on AWS the documents of role,
boundary, trust, key and bucket, and of the interface endpoint that calls come by; on Google Cloud the grants through
the permissions of their roles; on Azure the role assignments through actions, data actions and scopes. The calls that
each task takes are in [policies/personas/](../policies/personas/), by platform. This page is made of them by
`make docs`.

| mark | means |
|---|---|
| ✓ | allowed, and needed |
| – | refused |
| also | allowed, because another task of the persona takes the same right |
| given | the organisation gives it; who makes a stack's identities cannot be one of them |

What policies of the organisation, of a landing zone's boundary or of somebody's own hand allow or deny beside is
outside of a stack, and is not read.

"""
_TAKEN = {
    "aws": """A person signs in by IAM Identity Center, whose session tag `studio-user` says which profile of Studio is
theirs, or as an IAM user with MFA. They take the role of the data scientist under that name, and nobody takes it under
another's; then they open Studio:

    aws sts assume-role --role-arn ROLE --role-session-name NAME --source-identity NAME
    aws sagemaker create-presigned-domain-url --domain-id DOMAIN --user-profile-name NAME
""",
    "gcp": """A person signs in with their own Google account, which owns their instance. Nobody may list the project's
instances, so the console shows a person none: they start their own by its name, and open it at the address that the
second command prints. The output `workspace` has the names.

    gcloud workbench instances start INSTANCE --project=PROJECT --location=ZONE --async
    gcloud workbench instances describe INSTANCE --project=PROJECT --location=ZONE --format='value(proxyUri)'

Where an endpoint has hours there is one account more, `hours`, which deploys and undeploys and is in no task below. By
[decision 0016](adr/0016-the-hours-of-an-endpoint-change-what-is-served.md) workflows of the stack alone run as it.

Whoever acts as approver, caller or publisher is granted that account by hand, by the deployer, and takes it for each
command. The output `roles` has the accounts. Google takes two to seven minutes to know the grant.

    gcloud iam service-accounts add-iam-policy-binding ACCOUNT --project=PROJECT --member=user:PERSON \\
      --role=roles/iam.serviceAccountTokenCreator
    gcloud auth print-access-token --impersonate-service-account=ACCOUNT \\
      | docker login --username=oauth2accesstoken --password-stdin https://REGION-docker.pkg.dev
    gcloud storage cp --recursive model/* gs://BUCKET/FOLDER/ --impersonate-service-account=ACCOUNT
""",
    "azure": """A person signs in with their own account of Entra ID, which has the data scientist's roles. A company's
pipeline takes the identity of caller or publisher by a federated credential; a person is given the same roles by hand.
""",
}


def page() -> str:
    """The whole page."""
    return _HEAD + "\n".join(line for record in PLATFORMS.values() for line in _section(record.name)) + "\n"


def _section(platform: str) -> Iterator[str]:
    said = table(platform)  # pyright: ignore[reportArgumentType]
    yield f"## {platform}\n"
    yield _TAKEN[platform]
    yield f"| task | {' | '.join(said.taken_by)} |"
    yield f"|---|{'---|' * len(said.taken_by)}"
    for task in said.tasks:
        says = f"[{task.says}]({task.page})"
        yield f"| {says} | {' | '.join(_mark(said, task, persona) for persona in said.taken_by)} |"
    yield ""


def _mark(said: Table, task: Task, persona: str) -> str:
    if persona in task.who:
        return "given" if said.taken_by[persona] == GIVEN else "✓"
    return "also" if persona in task.also else "–"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.relative_to(Path.cwd())}\n")
