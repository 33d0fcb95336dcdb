"""Who acts: one least-privilege role for each persona, under one boundary that holds the guardrails.

A persona's own policy (components/aws/statements.py) says what it may do; the boundary (components/aws/guardrails.py)
says what nobody may. Who deploys the stack is none of them: whoever makes the roles cannot be one.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pulumi
from pulumi_aws import iam

from catalogue.experiments import RECORDS
from catalogue.jobnames import begin
from components.aws.guardrails import Guardrails, boundary, denies
from components.aws.personas import (
    NAMED,
    PEOPLE,
    SERVICES,
    SIGNED_IN_AS,
    CallerArgs,
    IdentityArgs,
    Words,
    words_of,
)
from components.aws.statements import beyond_account, invoke, keeping_records, queue, statements_of, taken
from components.given import Text


class Identity(pulumi.ComponentResource):
    """Creates the roles of eight personas, and a boundary for those that people take and one for the rest.

    The personas are data-scientist, training, pipeline, serving, batch, approver, caller and publisher. No role has a
    wildcard action; `*` as a resource stands only where IAM knows none for the action. A service may take a role only
    on behalf of this account (aws:SourceAccount). A person takes one with MFA, or having signed in by IAM Identity
    Center. The data scientist alone may pass a role: that of training, and to SageMaker only. The approver is the only
    one who may approve a model version. A boundary denies every machine that `needs` does not name.

    People open, start and delete in Studio what is theirs alone. Who takes the data scientist's role gives a source
    identity, and it must be the name of the person: the session tag `studio-user` of the identity provider, or the
    name of an IAM user. A profile of Studio has the same name.

    Each of `needs.callers` gets a role that may call the stack's endpoints, from one VPC alone, write the requests of
    asynchronous ones and read their answers, and nothing else: SageMaker's endpoints take no policy that names another
    account. The caller's own role takes it; one of another
    account says the external id PREFIX-NAME with it.

    Where runs are recorded, the MLflow App that does it has a role that keeps their files, and nothing else.

    Where the organisation's boundary is given, none is made. A role has one boundary, so each persona then has the
    guardrails' denies attached, in one policy for all of them; what may be granted at all is the organisation's to cap.
    An inline policy of each role would take from the 10,240 characters that its own policy has.

    Rules: IAM user guide, "Security best practices in IAM" and "The confused deputy problem",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html; SageMaker developer guide, "How to use
    SageMaker AI execution roles", https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """

    role_arns: dict[str, pulumi.Output[str]]
    """The ARN of each persona's role. Who takes one waits until the role may do what it is for."""
    caller_role_arns: dict[str, pulumi.Output[str]]
    """The ARN of each caller's role, by the caller's name."""
    records_role_arn: pulumi.Output[str] | None
    """The ARN of the role of an MLflow App. None where no runs are recorded."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role_arns = {}
        words = words_of(args)
        statements = words.apply(lambda known: statements_of(args, known))
        given = args.permissions_boundary_arn
        attached = [] if given is None else [self._attached(name, args, words, child)]
        caps: dict[bool, Text] = (
            {people: self._boundary(name, people, args, words, child) for people in (True, False)}
            if given is None
            else {True: given, False: given}
        )

        def role(
            who: str, says: str, trust: pulumi.Output[str], may: pulumi.Output[Any], people: bool
        ) -> pulumi.Output[str]:
            made = iam.Role(
                f"{name}-{who}",
                name=pulumi.Output.concat(args.prefix, f"-{who}"),
                description=pulumi.Output.concat(says, args.prefix),
                assume_role_policy=trust,
                path=args.role_path,
                permissions_boundary=caps[people],
                managed_policy_arns=attached or None,
                max_session_duration=3600,
                tags=args.tags,
                opts=child,
            )
            granted = iam.RolePolicy(
                f"{name}-{who}-policy",
                role=made.name,
                policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": may}),
                opts=child,
            )
            # Whoever uses the role waits for what it may do: SageMaker and Step Functions try the role at once.
            return pulumi.Output.all(made.arn, granted.id).apply(lambda both: both[0])

        for persona, services in SERVICES.items():
            takes = [*services, "sagemaker"] if persona == "pipeline" and args.needs.pipelines else services
            trust = _trust(args.account, persona, takes)
            says = f"The {persona} persona of "
            self.role_arns[persona] = role(persona, says, trust, statements[persona], persona in PEOPLE)
        self.caller_role_arns = {
            caller.name: role(
                called(caller.name),
                f"As whom {caller.name} calls the endpoints of ",
                _caller_trust(args, caller),
                words.apply(
                    lambda known, one=caller: [
                        *invoke(args, known, one.vpc_id or args.vpc_id),
                        *queue(args),
                    ]
                ),
                True,
            )
            for caller in args.needs.callers
        }
        self.records_role_arn = (
            role(
                RECORDS,
                "As whom MLflow keeps the files of runs of ",
                _trust(args.account, RECORDS, ["sagemaker"]),
                pulumi.Output.from_input(keeping_records(args)),
                False,
            )
            if args.needs.records
            else None
        )
        self.register_outputs(
            {
                "role_arns": self.role_arns,
                "caller_role_arns": self.caller_role_arns,
                "records_role_arn": self.records_role_arn,
            }
        )

    def _attached(
        self, name: str, args: IdentityArgs, words: pulumi.Output[Words], child: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """The guardrails for roles whose boundary is the organisation's."""
        return iam.Policy(
            f"{name}-guardrails",
            description=pulumi.Output.format("What no persona of {} may do, whatever its own policy says", args.prefix),
            policy=words.apply(lambda known: _document(denies(_guardrails(args, known, SERVICES)))),
            tags=args.tags,
            opts=child,
        ).arn

    def _boundary(
        self, name: str, people: bool, args: IdentityArgs, words: pulumi.Output[Words], child: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """The boundary of the personas that people take, or of the others. IAM takes no one as long as both."""
        of = [persona for persona in SERVICES if (persona in PEOPLE) is people]
        return iam.Policy(
            f"{name}-boundary-{'people' if people else 'services'}",
            description=pulumi.Output.format("What no persona of {} may do, whatever its own policy says", args.prefix),
            policy=words.apply(lambda known: json.dumps(boundary(_guardrails(args, known, of)))),
            tags=args.tags,
            opts=child,
        ).arn


def _document(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _guardrails(args: IdentityArgs, words: Words, personas: Collection[str]) -> Guardrails:
    statements = statements_of(args, words)
    granted = [statement for persona in personas for statement in statements[persona]]
    return Guardrails(
        account=words.account,
        region=words.region,
        approver_arn=f"arn:aws:iam::{words.account}:role{words.role_path}{words.prefix}-approver",
        machines=args.needs.machines,
        applications=args.needs.applications,
        actions={action for statement in granted for action in statement["Action"]},
        beyond_account=beyond_account(granted),
        recorded=[
            f"arn:aws:sagemaker:{words.region}:{words.account}:training-job/{name}*"
            for job in args.needs.recorded_jobs
            for name in begin(f"{words.prefix}-{job}")
        ],
        taken=taken(args, words) if "publisher" in personas else (),
    )


def _trust(account: Text, persona: str, services: Sequence[str]) -> pulumi.Output[str]:
    """Services act for this account only, and people of this account with MFA.

    A session of IAM Identity Center says nothing of MFA, which its sign-in demands. Nobody else can make a role on its
    path: Identity Center user guide, "Referencing permission sets in resource policies",
    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html. Who takes a role that
    carries a name gives their own, and no later step of the chain can give another: IAM user guide, "Monitor and
    control actions taken with assumed roles",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    with_name = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    statements: list[dict[str, Any]] = []
    if services:
        actions = with_name if persona in NAMED else "sts:AssumeRole"
        principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
        statements.append(_trusted(principal, actions, {"StringEquals": {"aws:SourceAccount": account}}))
    if persona in PEOPLE:
        root = {"AWS": pulumi.Output.concat("arn:aws:iam::", account, ":root")}
        signed_in = pulumi.Output.concat("arn:aws:iam::", account, ":role/aws-reserved/sso.amazonaws.com/*")
        for how, name in (
            ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "${aws:username}"),
            ({"ArnLike": {"aws:PrincipalArn": signed_in}}, f"${{aws:PrincipalTag/{SIGNED_IN_AS}}}"),
        ):
            own = {"sts:SourceIdentity": name} if persona in NAMED else {}
            here = {"StringEquals": {"aws:PrincipalAccount": account, **own}}
            statements.append(_trusted(root, with_name, {**how, **here}))
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})


def called(caller: str) -> str:
    """What follows the prefix in the name of a caller's role."""
    return f"calls-{caller}"


def _caller_trust(args: IdentityArgs, caller: CallerArgs) -> pulumi.Output[str]:
    """The caller's own role takes it, which must stand before: IAM refuses the name of one that does not.

    A role of another account says an external id too: IAM user guide, "Access to AWS accounts owned by third parties",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
    """

    def document(known: Sequence[str]) -> str:
        own, prefix = known
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"AWS": caller.role_arn},
            "Action": "sts:AssumeRole",
        }
        if caller.role_arn.split(":")[4] != own:
            statement["Condition"] = {"StringEquals": {"sts:ExternalId": f"{prefix}-{caller.name}"}}
        return _document([statement])

    return pulumi.Output.all(args.account, args.prefix).apply(document)


def _trusted(principal: Mapping[str, Any], actions: str | list[str], condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}
