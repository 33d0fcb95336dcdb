"""The commands of `mlplatform sandbox` that do what a person does by hand in an account, and show what was done."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput
from catalogue.registered import APPROVED, REJECTED, VERSIONS
from operations.sandboxes.ground import Chosen, as_typed, used

if TYPE_CHECKING:
    from sandbox.state import State


StandsOption = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="WHERE",
        help="Where the person stands: inside, in the stack's network, or outside, on the internet.",
    ),
]

ElsewhereOption = Annotated[
    bool, typer.Option("--elsewhere", help="The registry or bucket is one that no stack of this sandbox makes.")
]


def add(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command, example in (
        ("wait", wait, "wait 10m"),
        ("grant", grant, "grant deployer roles/owner"),
        ("enable-region", enable_region, "enable-region il-central-1"),
        ("enable-api", enable_api, "enable-api aiplatform"),
        ("raise-quota", raise_quota, "raise-quota 'ml.m5.large for endpoint usage' 8"),
        ("push", push, "push us-central1-docker.pkg.dev/risk/serving/fraud-scorer:1.4.0 examples/gcp.Dockerfile"),
        ("upload", upload, "upload gs://payments-risk-pilot-models/fraud-scorer/1/ examples/model"),
        ("download", download, "download gs://payments-risk-pilot-models/fraud-scorer/1/ out/fraud-scorer"),
        ("register", register, f"register aws-full-registry-fraud-scorer/1 sha256:{'0' * 64}"),
        ("approve", approve, "approve aws-full-registry-fraud-scorer/1"),
        ("reject", reject, "reject aws-full-registry-fraud-scorer/1"),
        ("promote", promote, "promote aws-dev-registry-fraud-scorer/1 aws-test"),
        ("empty", empty, "empty gs://payments-risk-pilot-models/"),
        ("purge", purge, "purge lending-keys"),
        ("run", run, "run gcp-pilot-fraud-backfill"),
        ("sign-in", sign_in, "sign-in ana@example.com"),
        ("stop-app", stop_app, "stop-app ana@example.com"),
        ("delete-space", delete_space, "delete-space ana"),
        ("use", use, "use"),
        ("account", account, "account"),
        ("steps", steps, "steps gcp-pilot"),
    ):
        app.command(name, epilog=f"Example: uv run mlplatform sandbox {example}")(command)


def wait(
    context: typer.Context,
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="How long: 90s, 10m, 8h or 2d.")],
) -> None:
    """Move the sandbox's clock on. Every call moves it a second; nothing sleeps."""
    from sandbox import byhand

    _do(context, lambda state: byhand.wait(state, duration))


def grant(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="WHO", help="deployer: whoever runs `pulumi up`.")],
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The role, as the verdict's manual steps name it.")],
) -> None:
    """Give whoever deploys a role, of which a new account gives them none."""
    from sandbox import byhand

    _do(context, lambda state: byhand.grant(state, who, role))


def enable_region(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="REGION", help="il-central-1, or norwaywest.")],
) -> None:
    """Let the account have a region, which a new one has on request only."""
    from sandbox import byhand

    _do(context, lambda state: byhand.have(state, name))


def enable_api(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="compute.googleapis.com, or Microsoft.Network.")],
) -> None:
    """Switch on an API or a resource provider, which a new account has off."""
    from sandbox import byhand

    _do(context, lambda state: byhand.enable(state, name))


def raise_quota(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The quota, as the verdict's manual steps name it.")],
    amount: Annotated[int, typer.Argument(metavar="AMOUNT", help="How much is granted, in the quota's unit.")],
) -> None:
    """Let the account have an amount of a quota, of which a new one has none."""
    from sandbox import byhand

    _do(context, lambda state: byhand.raise_quota(state, name, amount))


def push(
    context: typer.Context,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The image's address, with its tag or digest.")],
    dockerfile: Annotated[
        Path | None, typer.Argument(metavar="DOCKERFILE", help="What it is built from, beside what that copies.")
    ] = None,
    from_: StandsOption = "inside",
    elsewhere: ElsewhereOption = False,
) -> None:
    """Push an image to the registry in its address, which must stand and may be closed to whoever stands outside.

    Nothing is built; the Dockerfile says which image it would be. A sandbox answers calls with the image of examples/
    alone, and knows it by the digest of what it is built from.
    """
    from examples.pack import digest_of_image
    from sandbox import byhand

    digest, outside = _digest(dockerfile, digest_of_image), _is_outside(from_)
    _do(context, lambda state: byhand.push(state, image, digest, outside, elsewhere))


def upload(
    context: typer.Context,
    uri: Annotated[str, typer.Argument(metavar="URI", help="Where the artifact goes, as the stack file says it.")],
    content: Annotated[
        Path | None, typer.Argument(metavar="CONTENT", help="The file or the folder that goes there.")
    ] = None,
    from_: StandsOption = "inside",
    elsewhere: ElsewhereOption = False,
) -> None:
    """Upload a model artifact to its address, whose store must stand and may be closed to whoever stands outside.

    The sandbox knows it by its digest, and keeps it for `mlplatform export` unless it is large. A sandbox answers
    calls with the model of examples/ alone, which `uv run python -m examples.pack` lays out.
    """
    from examples.pack import digest_of
    from sandbox import byhand

    digest, outside = _digest(content, digest_of), _is_outside(from_)

    def uploaded(state: "State") -> str:
        said = byhand.upload(state, uri, digest, outside, elsewhere)
        if content is not None:
            state.content.keep(digest, content)
        return said

    _do(context, uploaded)


VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="The version, as the verdict's manual steps name it.")
]
DigestArgument = Annotated[str, typer.Argument(metavar="DIGEST", help="The digest of its record; gcp needs it.")]


def register(
    context: typer.Context,
    version: VersionArgument,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The digest of the version's record.")],
) -> None:
    """Register a version of a model, on aws or azure, whose ground must stand. It waits for the approver."""
    from sandbox import byhand

    _do(context, lambda state: byhand.register(state, version, digest))


def approve(context: typer.Context, version: VersionArgument, digest: DigestArgument = "") -> None:
    """Approve a registered version as the approver: `pulumi up` serves it then."""
    from sandbox import byhand

    _do(context, lambda state: byhand.decide(state, version, APPROVED, digest))


def reject(context: typer.Context, version: VersionArgument, digest: DigestArgument = "") -> None:
    """Reject a registered version as the approver, or take an approval back."""
    from sandbox import byhand

    _do(context, lambda state: byhand.decide(state, version, REJECTED, digest))


def promote(
    context: typer.Context,
    version: VersionArgument,
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The stack of this sandbox that takes the version.")],
) -> None:
    """Copy an approved version to the registry of another stack, as its publisher. It waits for the approver there."""
    from sandbox import promotion

    _do(context, lambda state: promotion.promote(state, version, stack))


def empty(
    context: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="How the addresses begin of what is deleted.")],
) -> None:
    """Delete images and artifacts: a store that holds any is not deleted."""
    from sandbox import byhand

    _do(context, lambda state: byhand.empty(state, place))


def purge(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name or an id; `account` shows what keeps one.")],
) -> None:
    """Delete for good what was deleted softly, where its protection allows that: its name is free then."""
    from sandbox import byhand

    _do(context, lambda state: byhand.purge(state, name))


def run(
    context: typer.Context,
    job: Annotated[
        str,
        typer.Argument(metavar="JOB", help="The name of a batch job or a training job, as `ls` or the cloud has it."),
    ],
) -> None:
    """Start a run of a batch job or a training job, which fails where its data was not uploaded.

    It scores where the job's model is that of examples/, container and artifact: each file of each input, into the
    folder of the run. It trains where the job's image is that of examples/steps.Dockerfile, whose program runs on the
    files that were uploaded. What either wrote lies where the cloud puts it; `download` fetches it. With another image
    a run ends as `assumed`. One that ends without a model, or without all scores, exits 1. By the name of a person who
    has a private space of Studio, an app starts there.
    """
    started(context.obj, job)


def started(chosen: Chosen, job: str) -> None:
    """Start a run of a job in a sandbox, and say how it ended. Raises typer.Exit where it failed, and BadInput."""
    from sandbox import byhand
    from sandbox.training import RunFailed

    try:
        _done(chosen, lambda state: byhand.run(state, job))
    except RunFailed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


def download(
    context: typer.Context,
    uri: Annotated[str, typer.Argument(metavar="URI", help="Where it lies, as `account` shows it.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, into which it is copied.")],
) -> None:
    """Copy what lies at an address of the simulated stores into a folder: what was uploaded, or what a run trained."""
    import shutil

    from operations.sandboxes.content import kept

    chosen: Chosen = context.obj
    with kept(chosen.home(), uri) as found:
        if folder.exists():
            raise BadInput(f"{folder}: is there already; name a folder that is not")
        try:
            shutil.copytree(found, folder)
        except OSError as error:
            raise BadInput(f"{folder}: cannot be written ({error.strerror}); name another folder") from None
    typer.echo(f"{uri} is copied into {folder}")


def sign_in(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="The name that the workspace knows the person by.")],
    from_: StandsOption = "inside",
) -> None:
    """Open the workspace as a person, whose app runs then until `stop-app`.

    USER is a profile's name on aws, an e-mail address on gcp, an object id in Entra ID on azure. On aws and gcp people
    sign in from wherever they are.
    """
    from sandbox import byhand

    outside = _is_outside(from_)
    _do(context, lambda state: byhand.sign_in(state, user, outside))


def stop_app(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose apps, as `sign-in` had it.")],
) -> None:
    """Stop a person's apps, which keep their profile on aws, and so Studio, from being deleted.

    Their private space there stays, and does so too; `delete-space` deletes it.
    """
    from sandbox import byhand

    _do(context, lambda state: byhand.stop_app(state, user))


def delete_space(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose private space, as `sign-in` had it.")],
) -> None:
    """Delete a person's private space of Studio on aws, with its volume, once their apps are stopped."""
    from sandbox import byhand

    _do(context, lambda state: byhand.delete_space(state, user))


def use(context: typer.Context) -> None:
    """Let the account be one that is long in use: it refuses nothing for what a new one lacks."""

    def used_long(state: "State") -> str:
        state.account.use()
        return "the account is one in use: its services are on, and no quota, image or artifact is asked for"

    _do(context, used_long)


def steps(
    context: typer.Context,
    stack: Annotated[str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot.")],
) -> None:
    """Print the manual steps of a stack, each with the commands that do it in a sandbox; `trial` does them all."""
    from operations.arguments import graph_of
    from operations.doctor import steps_of
    from operations.sandboxes import walk

    chosen: Chosen = context.obj
    home = chosen.home()
    graph = graph_of(stack)
    for number, step in enumerate(steps_of(graph), 1):
        typer.echo(f"{number}. {step.who}: {step.what}")
        for command in walk.by_hand(step, graph, home) or ["(nothing: a sandbox does not ask for it)"]:
            typer.echo(f"     {command}")
        if said := walk.caveat(step, graph):
            typer.echo(f"     ({said})")


def account(context: typer.Context) -> None:
    """Show the sandbox's clock, and what was done in its account by hand."""
    _do(context, _shown)


def _is_outside(from_: str) -> bool:
    """Whether the person stands on the internet. Raises BadInput for a word that says neither."""
    if from_ not in ("inside", "outside"):
        raise BadInput(f"{from_[:80]!r}: no place where a person stands, allowed: inside, outside")
    return from_ == "outside"


def _said(version: str) -> str:
    """A version as it is registered, of its ARN or id."""
    if version.startswith("arn:"):
        return version.rpartition("model-package/")[2]
    parts = version.split("/")
    return "/".join((parts[4], parts[-3].removesuffix(VERSIONS), parts[-1]))


def _shown(state: "State") -> str:
    has = state.account
    granted = [f"{amount} of {name}" for name, amount in has.quotas().items()]
    parts = {
        "roles of the deployer": has.roles(),
        "regions on request": has.regions(),
        "services on": has.services(),
        "quotas": granted,
        "images": has.images(),
        "artifacts": has.artifacts(),
        "versions": [f"{_said(arn)} ({decision})" for arn, (decision, _) in has.versions().items()],
        "signed in": has.apps(),
        "private spaces": [f"{user} ({size} GB)" for user, size in has.spaces().items()],
        "deleted, with the name still taken": [one.name.rpartition(" ")[2] for one in state.resources.deleted()],
    }
    now = datetime.fromtimestamp(state.clock.now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    lines = [f"the clock says {now}, {state.clock.now() - state.clock.began():.0f} s after the sandbox began"]
    if has.in_use:
        lines.append("the account is one in use: nothing is asked of it")
    lines += [f"{what}: {', '.join(names) or 'none'}" for what, names in parts.items()]
    return "\n".join(lines)


def _digest(content: Path | None, of: Callable[[Path], str]) -> str:
    """The digest of what is pushed or uploaded; "" where nobody says what that is. Raises BadInput."""
    try:
        return of(content) if content is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{content}: cannot be read ({error}); name what is pushed or uploaded") from None


def _do(context: typer.Context, what: "Callable[[State], str]") -> None:
    _done(context.obj, what)


def _done(chosen: Chosen, what: "Callable[[State], str]") -> None:
    from sandbox.state import State

    home = chosen.home()
    with used(home, alone=False):
        typer.echo(f"{as_typed(home)}: {what(State(home.database))}")
