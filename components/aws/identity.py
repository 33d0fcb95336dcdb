"""Who acts: one least-privilege role for each persona, under one boundary that holds the guardrails.

A persona's own policy (components/aws/personas.py) says what it may do; the boundary (components/aws/guardrails.py)
says what nobody may.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_aws import iam

from components.aws.guardrails import Guardrails, boundary
from components.aws.personas import SERVICES, IdentityArgs, Words, beyond_account, statements_of, words_of
from components.given import Text


class Identity(pulumi.ComponentResource):
    """Creates the boundary and the roles of six personas: data-scientist, training, pipeline, serving, batch, approver.

    No role has a wildcard action; `*` as a resource stands only where IAM knows none for the action. A service may take
    a role only on behalf of this account (aws:SourceAccount). The data scientist alone may pass a role: that of
    training, and to SageMaker only. The approver is a person with MFA, and the only one who may approve a model
    version. The boundary denies every machine that `needs` does not name.

    Rules: IAM user guide, "Security best practices in IAM" and "The confused deputy problem",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html; SageMaker developer guide, "How to use
    SageMaker AI execution roles", https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """

    role_arns: dict[str, pulumi.Output[str]]
    """The ARN of each persona's role. Who takes one waits until the role may do what it is for."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role_arns = {}
        words = words_of(args)
        statements = words.apply(lambda known: statements_of(args, known))
        cap = iam.Policy(
            f"{name}-boundary",
            description=pulumi.Output.format("What no persona of {} may do, whatever its own policy says", args.prefix),
            policy=words.apply(lambda known: _boundary(args, known)),
            tags=args.tags,
            opts=child,
        )
        for persona, services in SERVICES.items():
            role = iam.Role(
                f"{name}-{persona}",
                name=pulumi.Output.concat(args.prefix, f"-{persona}"),
                description=pulumi.Output.concat(f"The {persona} persona of ", args.prefix),
                assume_role_policy=_trust(args.account, services),
                permissions_boundary=cap.arn,
                max_session_duration=3600,
                tags=args.tags,
                opts=child,
            )
            granted = iam.RolePolicy(
                f"{name}-{persona}-policy",
                role=role.name,
                policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements[persona]}),
                opts=child,
            )
            # Whoever uses the role waits for what it may do: SageMaker and Step Functions try the role at once.
            self.role_arns[persona] = pulumi.Output.all(role.arn, granted.id).apply(lambda both: both[0])
        self.register_outputs({"role_arns": self.role_arns})


def _boundary(args: IdentityArgs, words: Words) -> str:
    granted = [statement for statements in statements_of(args, words).values() for statement in statements]
    guardrails = Guardrails(
        account=words.account,
        region=words.region,
        approver_arn=f"arn:aws:iam::{words.account}:role/{words.prefix}-approver",
        machines=args.needs.machines,
        actions={action for statement in granted for action in statement["Action"]},
        beyond_account=beyond_account(granted),
    )
    return json.dumps(boundary(guardrails))


def _trust(account: Text, services: Sequence[str]) -> pulumi.Output[str]:
    """Services act for this account only; where no service is named, a person of this account with MFA."""
    if services:
        principal: dict[str, Any] = {"Service": [f"{service}.amazonaws.com" for service in services]}
        condition: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": account}}
    else:
        principal = {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")}
        condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"aws:PrincipalAccount": account}}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})
