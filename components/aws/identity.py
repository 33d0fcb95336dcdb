"""Who acts: one least-privilege role for each persona, under one boundary that holds the guardrails.

A persona's own policy (components/aws/personas.py) says what it may do; the boundary (components/aws/guardrails.py)
says what nobody may.
"""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_aws import iam

from components.aws.guardrails import GuardrailsArgs, boundary
from components.aws.personas import IdentityArgs, beyond_account, personas_of


class Identity(pulumi.ComponentResource):
    """Creates the boundary and the roles of six personas: data-scientist, training, pipeline, serving, batch, approver.

    No role has a wildcard action; `*` as a resource stands only where IAM knows none for the action. A service may take
    a role only on behalf of this account (aws:SourceAccount); a role is passed only to SageMaker and only by whom a job
    needs it. The approver is a person with MFA and the only one who may approve a model version. Rules: IAM user guide,
    "Security best practices" and "Confused deputy"; SageMaker developer guide, "How to use SageMaker execution roles".
    """

    role_arns: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role_arns = {}
        personas = personas_of(args)
        granted_statements = [statement for _, statements in personas.values() for statement in statements]
        cap = iam.Policy(
            f"{name}-boundary",
            description=f"What no persona of {args.prefix} may do, whatever its own policy says",
            policy=json.dumps(
                boundary(
                    GuardrailsArgs(
                        account=args.account,
                        region=args.region,
                        approver_arn=f"arn:aws:iam::{args.account}:role/{args.prefix}-approver",
                        machines=args.needs.machines,
                        actions={a for s in granted_statements for a in s["Action"]},
                        beyond_account=beyond_account(granted_statements),
                    )
                )
            ),
            tags=args.tags,
            opts=child,
        )
        for persona, (services, statements) in personas.items():
            role = iam.Role(
                f"{name}-{persona}",
                name=f"{args.prefix}-{persona}",
                description=f"The {persona} persona of {args.prefix}",
                assume_role_policy=json.dumps(_trust(args.account, services)),
                permissions_boundary=cap.arn,
                max_session_duration=3600,
                tags=args.tags,
                opts=child,
            )
            granted = iam.RolePolicy(
                f"{name}-{persona}-policy",
                role=role.name,
                policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
                opts=child,
            )
            # Whoever uses the role waits for what it may do: SageMaker and Step Functions try the role at once.
            self.role_arns[persona] = pulumi.Output.all(role.arn, granted.id).apply(lambda both: both[0])
        self.register_outputs({"role_arns": self.role_arns})


def _trust(account: str, services: Sequence[str]) -> dict[str, Any]:
    """Services act for this account only; where no service is named, a person of this account with MFA."""
    if services:
        principal: dict[str, Any] = {"Service": [f"{service}.amazonaws.com" for service in services]}
        condition: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": account}}
    else:
        principal = {"AWS": f"arn:aws:iam::{account}:root"}
        condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"aws:PrincipalAccount": account}}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}
