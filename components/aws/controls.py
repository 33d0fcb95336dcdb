"""What the cloud itself refuses in every account below: the preventive controls, as policies of AWS Organizations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import organizations

from components.given import Args, BadArgument, Tags, Text

_TYPES: Mapping[str, str] = {
    "rcp": "RESOURCE_CONTROL_POLICY",
    "s3": "S3_POLICY",
    "scp": "SERVICE_CONTROL_POLICY",
}
"""The type of a policy by the first part of its document's name."""


@dataclass(kw_only=True)
class ControlsArgs(Args):
    """Which documents hold, and below what."""

    target_id: Text
    """The root, the organizational unit or the account that the policies are attached to, such as ou-ab12-3cd45678."""
    documents: Mapping[str, str]
    """The policies as JSON, by name: the files that `mlplatform controls --out` writes, without `.json`."""
    tags: Tags
    """The tags of the policies."""


class Controls(pulumi.ComponentResource):
    """Creates a policy of AWS Organizations for each document and attaches it to the target.

    It belongs into the landing zone's own program, run in the management account or by its delegated administrator: no
    account is bound by what it can take off itself. The policy types must be enabled in the organization. Each policy
    is protected. Refuses a document of a name that says no type of policy, in one sentence.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
    """

    policy_ids: pulumi.Output[Mapping[str, str]]
    """The ids of the policies, by the names of their documents."""

    def __init__(self, name: str, args: ControlsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Controls", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        ids: dict[str, pulumi.Output[str]] = {}
        for document, text in sorted(args.documents.items()):
            type_ = _TYPES.get(document.partition("-")[0])
            if type_ is None:
                raise BadArgument(
                    f"ControlsArgs.documents: found {document!r}, allowed: names that begin with "
                    f"{', '.join(f'{start}-' for start in _TYPES)}"
                )
            policy = organizations.Policy(
                f"{name}-{document}",
                name=f"{name}-{document}",
                description=f"Preventive controls of machine learning: {document}",
                type=type_,
                # White space counts towards what AWS takes at most.
                content=json.dumps(json.loads(text), separators=(",", ":")),
                tags=args.tags,
                opts=kept,
            )
            organizations.PolicyAttachment(
                f"{name}-{document}-attached", policy_id=policy.id, target_id=args.target_id, opts=kept
            )
            ids[document] = policy.id
        self.policy_ids = pulumi.Output.all(**ids)
        self.register_outputs({"policy_ids": self.policy_ids})
