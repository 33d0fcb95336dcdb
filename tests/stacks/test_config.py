"""The stack config: each mistake gives its one sentence, no file whatever gives a traceback, both doors agree."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import HealthCheck, settings

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from stacks import config as stack_config
from stacks import fields as types
from stacks.config import STACKS, read_stack_file
from stacks.model import StackConfig
from stacks.sections import stack_model
from stacks.sections.endpoints import AsyncEndpoint, OnlineEndpoint
from tests import sharing

PILOT = STACKS / "Pulumi.aws-pilot.yaml"
HARDWARE = catalogue.load("aws")
KINDS = "allowed: 'online', 'async' or 'multi-model'"
INF1 = (
    "found ml.inf1.xlarge, whose new versions SageMaker lets in all at once and never takes back, "
    "allowed: a machine of another family"
)
ECR = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
TEXT = """\
config:
  mlplatform:platform: aws
  mlplatform:account: "111122223333"
  mlplatform:region: us-east-1
  mlplatform:environment: pilot
  mlplatform:team: payments-risk
  mlplatform:cost_center: cc-4711
  mlplatform:owner: team@example.com
  mlplatform:network: {cidr: 10.40.0.0/20, zones: [us-east-1a, us-east-1b]}
  mlplatform:budget: {monthly_usd: 2500}
  mlplatform:workspace: {zones: [us-east-1a, us-east-1b], users: [ana, ben], idle_timeout_minutes: 60}
  mlplatform:models:
    scorer:
      image: 111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4
      artifact_uri: s3://models/scorer/1/model.tar.gz
  mlplatform:endpoints:
    live:
      kind: online
      model: scorer
      family: cpu-small
      min_replicas: 2
      max_replicas: 4
      requests_per_replica_per_minute: 600
      canary: {percent: 10, bake_minutes: 10}
      rollback: {p95_latency_ms: 250, error_rate_percent: 1}
    queued:
      kind: async
      model: scorer
      family: gpu-l4
      min_replicas: 0
      max_replicas: 2
      backlog_per_replica: 5
      rollback: {error_rate_percent: 5}
  mlplatform:batch_jobs:
    nightly:
      model: scorer
      family: cpu-small
      replicas: 3
      schedule: 30 4 * * *
      timezone: Europe/Berlin
      max_hours: 6
      input_uri: s3://data/transactions/
      output_uri: s3://data/scores/
"""
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
CONFIG: dict[str, Any] = DOCUMENT["config"]
LONGEST_LINE = 500


def examples(count: int) -> settings:
    """The same examples on every run, so many in `make sweeps`; a database would make CI differ from here."""
    skipped = (HealthCheck.too_slow, HealthCheck.filter_too_much)
    return settings(
        max_examples=sharing.examples(count),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(skipped),
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


def refusal(file: Path, content: str | bytes) -> str:
    """The one line that the file is refused with, without the file's name at its head."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput) as caught:
        read_stack_file(file)
    line = str(caught.value)
    assert line.startswith(f"{file}: ")
    assert "\n" not in line, "one mistake, one sentence"
    return line.removeprefix(f"{file}: ")


def outcome(read: Callable[[], object], where: object) -> list[str]:
    """Nothing when it was read; else the lines of its BadInput, each fit to print. Any other exception passes on."""
    try:
        assert isinstance(read(), StackConfig)
    except BadInput as error:
        lines = str(error).split("\n")
        assert 1 <= len(lines) <= stack_config.MAX_LINES + 1
        for line in lines:
            assert line.startswith(f"{where}: "), line
            assert line.isprintable(), line
            said = line.removeprefix(f"{where}: ")
            assert 10 < len(said) <= LONGEST_LINE, line
        return lines
    return []


def read_bytes(file: Path, content: bytes) -> list[str]:
    file.write_bytes(content)
    return outcome(lambda: read_stack_file(file), file)


# --- the documented mistakes --------------------------------------------------------------------------------------


def test_every_committed_stack_file_reads_and_names_its_schema() -> None:
    files = sorted(STACKS.glob("Pulumi.*.yaml"))
    assert PILOT in files
    for path in files:
        read_stack_file(path)
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=stack.schema.json", f"{path.name} does not name its schema"


def test_the_document_of_these_tests_reads(file: Path) -> None:
    assert read_bytes(file, TEXT.encode()) == []
    assert read_bytes(file, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()) == []


ONLINE_KEYS = ", ".join(OnlineEndpoint.model_fields)
ASYNC_KEYS = ", ".join(AsyncEndpoint.model_fields)
SLUG = "allowed: lower-case words of letters and digits joined by '-', starting with a letter"
CRON = "mlplatform:batch_jobs.nightly.schedule"
FIELDS = "allowed: five cron fields, each '*' or a list of numbers and ranges, such as '0 2 * * 1-5'"
OPEN = "allowed: day-of-month or day-of-week left open with '*'; no two platforms read both alike"
BARE = "without quotes, allowed: quoted text, a plain decimal number, true or false"
IMAGE = (
    "allowed: a container image with a pinned tag or digest such as "
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4"
)
FAMILIES = ", ".join(catalogue.family_names())
ZONES = "allowed: a list of zones such as [us-east-1a, us-east-1b]"
A_ZONE = f"allowed: a zone of us-east-1 ({', '.join(f'us-east-1{letter}' for letter in 'abcdefgh')})"

MISTAKES = [
    # what a step may destroy
    *(("  mlplatform:owner", f"  mlplatform:allow: {{{said}}}\n  mlplatform:owner", sentence) for said, sentence in [
        ("delete: [a], reason: it was copied", "mlplatform:allow.until: is missing; add a day such as 2027-01-31"),
        ("delete: [a], reason: it was copied, until: 'soon'",
         "mlplatform:allow.until: found 'soon', allowed: a day such as 2027-01-31"),
        ("delete: [a], reason: it was copied, until: 2027-01-31", "line 8: found '2027-01-31' without quotes, allowed: "
         "quoted text such as '2027-01-31', a plain decimal number, true or false"),
        ("reason: it was copied, until: '2027-01-31'", "mlplatform:allow: takes a resource under "
         "replace or delete, such as delete: [aws-pilot-user-ana]"),
        ("delete: [a b], reason: it was copied, until: '2027-01-31'", "mlplatform:allow.delete.0: found 'a b', "
         "allowed: the name of a resource as `mlplatform step` says it, such as aws-pilot-workspace-ben"),
        ("delete: [a], reason: short, until: '2027-01-31'",
         "mlplatform:allow.reason: found 'short', allowed: at least 10 characters"),
    ]),
    # unknown keys
    ("config:", "confg:", "confg: unknown key; did you mean config?"),
    ("  mlplatform:team", "  mlplatform:taem", "mlplatform:taem: unknown key; did you mean team?"),
    ("  mlplatform:team", "  team", "config.team: unknown key; did you mean mlplatform:team?"),
    ("  mlplatform:team", "  mlplatfrom:team", "config.mlplatfrom:team: unknown key; did you mean mlplatform:team?"),
    (
        "cidr: 10.40.0.0/20",
        "cidr: 10.40.0.0/20, xyzzy: 1",
        "mlplatform:network.xyzzy: unknown key; allowed: cidr, zones",
    ),
    (
        "      min_replicas: 2",
        "      min_replcas: 2",
        "mlplatform:endpoints.live.min_replcas: unknown key; did you mean min_replicas?",
    ),
    (
        "percent: 10,",
        "precent: 10,",
        "mlplatform:endpoints.live.canary.precent: unknown key; did you mean percent?",
    ),
    (
        "      backlog_per_replica: 5",
        "      backlog_per_replica: 5\n      canary: {percent: 10, bake_minutes: 10}",
        "mlplatform:endpoints.queued.canary: unknown key; a canary is that of an online endpoint; other endpoints have "
        "none yet",
    ),
    (
        "error_rate_percent: 5",
        "error_rate_percent: 5, p95_latency_ms: 9",
        "mlplatform:endpoints.queued.rollback.p95_latency_ms: unknown key; allowed: error_rate_percent",
    ),
    ("      kind: online", "      knd: online", "mlplatform:endpoints.live.knd: unknown key; did you mean kind?"),
    (
        "  mlplatform:team:",
        "  aws:region: eu-west-1\n  mlplatform:team:",
        "config.aws:region: unknown key; did you mean mlplatform:region?",
    ),
    # missing keys
    ("  mlplatform:team: payments-risk\n", "", "mlplatform:team: is missing; add "
     f"{SLUG.removeprefix('allowed: ')}, such as payments-risk"),
    ("      max_hours: 6\n", "", "mlplatform:batch_jobs.nightly.max_hours: is missing; add a "
     "whole number from 1 to 24, such as 3"),
    ("{error_rate_percent: 5}", "{}", "mlplatform:endpoints.queued.rollback.error_rate_percent: is missing; add a "
     "number from 0.01 to 50, such as 1"),
    # wrong types
    (
        '"111122223333"',
        "111122223333",
        "mlplatform:account: found 111122223333, allowed: text; put it in quotes",
    ),
    ('"111122223333"', "012345678901", f"line 3: found '012345678901' {BARE}"),
    (
        '"111122223333"',
        '"1111"',
        "mlplatform:account: found '1111', allowed: an AWS account id of twelve digits, in quotes",
    ),
    (
        '"111122223333"',
        '"١١١١٢٢٢٢٣٣٣٣"',
        "mlplatform:account: found '١١١١٢٢٢٢٣٣٣٣', allowed: an AWS account id of twelve digits, in quotes",
    ),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: 2", f"mlplatform:network.zones: found 2, {ZONES}"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: us-east-1a", "mlplatform:network.zones: found 'us-east-1a', "
     f"{ZONES}"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones:", f"mlplatform:network.zones: found nothing, {ZONES}"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: []", "mlplatform:network.zones: found a list with "
     "nothing in it, allowed: 2 or more, such as [us-east-1a, us-east-1b]"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a]", "mlplatform:network.zones: found a list of 1, "
     "allowed: 2 or more, such as [us-east-1a, us-east-1b]"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a, us-east-1a]", "mlplatform:network.zones: found a "
     "list, allowed: every name once; 'us-east-1a' stands there twice"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a, 7]", "mlplatform:network.zones.1: found 7, "
     "allowed: text; put it in quotes"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a, us-west-2b]", "mlplatform:network.zones.1: found "
     f"'us-west-2b', {A_ZONE}"),
    ("20, zones: [us-east-1a, us-east-1b]", "20, zones: [us-east-1a, us-east-1-bos-1a]", "mlplatform:network.zones.1: "
     f"found 'us-east-1-bos-1a', {A_ZONE}"),
    (", zones: [us-east-1a, us-east-1b]", "", "mlplatform:network.zones: is missing; add two or more, each "
     f"{A_ZONE.removeprefix('allowed: ')}"),
    ("{zones: [us-east-1a, us-east-1b], ", "{", "mlplatform:workspace.zones: is missing; add two or more, each "
     f"{A_ZONE.removeprefix('allowed: ')}"),
    ("{zones: [us-east-1a, us-east-1b]", "{zones: [us-east-1a, us-east-1c]", "mlplatform:workspace.zones.1: found "
     "'us-east-1c', allowed: a zone of mlplatform:network.zones (us-east-1a, us-east-1b); the network must keep a zone "
     "that Studio stands in"),
    ("users: [ana, ben]", "users: [ana, ben], zone: us-east-1a", "mlplatform:workspace.zone: aws takes none: Studio "
     "stands in two zones or more; name them under mlplatform:workspace.zones"),
    ("{monthly_usd: 2500}", "2500", "mlplatform:budget: found 2500, allowed: a mapping such as {monthly_usd: 2500}"),
    ("monthly_usd: 2500", "monthly_usd: true", "mlplatform:budget.monthly_usd: found true, allowed: a number "
     "from 1 to 1000000, such as 2500"),
    ("monthly_usd: 2500", "monthly_usd: 0", "mlplatform:budget.monthly_usd: found 0, allowed: 1 or more"),
    ("monthly_usd: 2500", "monthly_usd: 0.5", "mlplatform:budget.monthly_usd: found 0.5, allowed: 1 or more"),
    (
        "error_rate_percent: 5",
        "error_rate_percent: 51",
        "mlplatform:endpoints.queued.rollback.error_rate_percent: found 51, allowed: 50 or less",
    ),
    ("monthly_usd: 2500", "monthly_usd: .nan", "mlplatform:budget.monthly_usd: found nan, allowed: a finite number"),
    ("monthly_usd: 2500", "monthly_usd: -.inf", "mlplatform:budget.monthly_usd: found -inf, allowed: a finite number"),
    ("[ana, ben]", "ana", "mlplatform:workspace.users: found 'ana', allowed: a list such as [ana, ben]"),
    ("[ana, ben]", "[]", "mlplatform:workspace.users: found a list with nothing in it, "
     "allowed: 1 or more, such as [ana, ben]"),
    ("[ana, ben]", "[ana, Ben]", f"mlplatform:workspace.users.1: found 'Ben', {SLUG}"),
    (
        "[ana, ben]",
        "[ana, ben, ana]",
        "mlplatform:workspace.users: found a list, allowed: every name once; 'ana' stands there twice",
    ),
    ("team: payments-risk", "team: Payments", f"mlplatform:team: found 'Payments', {SLUG}"),
    ("team: payments-risk", r'team: "payments\n"', rf"mlplatform:team: found 'payments\n', {SLUG}"),
    ("payments-risk", "a" * 25, f"mlplatform:team: found '{'a' * 25}', allowed: at most 24 characters"),
    ("  mlplatform:team", "  mlplatform:team: {}\n  pulumi:tags", f"mlplatform:team: found a mapping, {SLUG}, "
     "such as payments-risk"),
    ("  mlplatform:team", "  pulumi:autonaming: {}\n  mlplatform:team", "config.pulumi:autonaming: Pulumi's own keys "
     "here are pulumi:disable-default-providers and pulumi:tags alone; take this one out"),
    (
        "team@example.com",
        "nobody",
        "mlplatform:owner: found 'nobody', allowed: an e-mail address such as team@example.com",
    ),
    (
        "environment: pilot",
        "environment: live",
        "mlplatform:environment: found 'live', allowed: 'pilot', 'dev', 'test' or 'prod'; did you mean prod?",
    ),
    (
        "platform: aws",
        "platform: databricks",
        "mlplatform:platform: found 'databricks', allowed: 'aws', 'gcp' or 'azure'",
    ),
    (
        "region: us-east-1",
        "region: us-east-11",
        "mlplatform:region: found 'us-east-11', allowed: a region of the catalogue such as us-east-1; "
        "did you mean us-east-1?",
    ),
    ("    scorer:\n", "    Scorer:\n", f"mlplatform:models.Scorer: found 'Scorer', {SLUG}"),
    # CIDR
    (
        "10.40.0.0/20",
        "8.8.0.0/16",
        "mlplatform:network.cidr: found '8.8.0.0/16', allowed: a private network inside 10.0.0.0/8, 172.16.0.0/12 or "
        "192.168.0.0/16 (RFC 1918)",
    ),
    (
        "10.40.0.0/20",
        "10.40.0.0/24",
        "mlplatform:network.cidr: found '10.40.0.0/24', allowed: a network between /16 and /21, an eighth of which is "
        "large enough for a zone's replicas",
    ),
    (
        "10.40.0.0/20",
        "10.40.0.9/20",
        "mlplatform:network.cidr: found '10.40.0.9/20', allowed: an IPv4 network in CIDR notation; "
        "did you mean 10.40.0.0/20?",
    ),
    (
        "10.40.0.0/20",
        "10.40.0.0/255.255.240.0",
        "mlplatform:network.cidr: found '10.40.0.0/255.255.240.0', allowed: an IPv4 network in CIDR notation; "
        "did you mean 10.40.0.0/20?",
    ),
    (
        "10.40.0.0/20",
        "ten",
        "mlplatform:network.cidr: found 'ten', allowed: an IPv4 network in CIDR notation such as 10.40.0.0/20",
    ),
    # families, uses and replicas
    (
        "family: gpu-l4",
        "family: gpu-l44",
        "mlplatform:endpoints.queued.family: found 'gpu-l44', allowed: a hardware family; did you mean gpu-l4?",
    ),
    (
        "family: gpu-l4",
        "family: gpu-a100",
        "mlplatform:endpoints.queued.family: found 'gpu-a100', allowed: a hardware family; "
        "did you mean gpu-a100-40 or gpu-a100-80?",
    ),
    (
        "family: gpu-l4",
        "family: Trainium",
        "mlplatform:endpoints.queued.family: found 'Trainium', allowed: a hardware family; "
        "did you mean trainium1 or trainium2?",
    ),
    (
        "family: gpu-l4",
        "family: quux",
        f"mlplatform:endpoints.queued.family: found 'quux', allowed: a hardware family: {FAMILIES}",
    ),
    (
        "family: gpu-l4",
        "family: tpu-v5e",
        "mlplatform:endpoints.queued.family: found 'tpu-v5e', which aws lacks: AWS sells no Google TPU; nearest "
        "families are inferentia2 and gpu-l4.",
    ),
    (
        "family: cpu-small\n      replicas",
        "family: cpu-memory\n      replicas",
        "mlplatform:batch_jobs.nightly.family: found 'cpu-memory', which aws does not offer for batch, allowed: "
        + ", ".join(name for name, family in HARDWARE.families.items() if "batch" in family.uses),
    ),
    (
        "min_replicas: 2",
        "min_replicas: 5",
        "mlplatform:endpoints.live.min_replicas: found 5, allowed at most max_replicas, which is 4",
    ),
    ("min_replicas: 2", "min_replicas: 0", "mlplatform:endpoints.live.min_replicas: found 0, allowed: 1 or more"),
    # a canary that nobody could see on aws
    (
        "min_replicas: 2",
        "min_replicas: 1",
        "mlplatform:endpoints.live.min_replicas: found 1, allowed: 2 or more, for SageMaker's canary is at most half "
        "of the replicas",
    ),
    (
        "bake_minutes: 10",
        "bake_minutes: 4",
        "mlplatform:endpoints.live.canary.bake_minutes: found 4, allowed: 5 or more, for an alarm rings after 3 whole "
        "minutes at the earliest",
    ),
    (
        "error_rate_percent: 1}",
        "error_rate_percent: 10}",
        "mlplatform:endpoints.live.rollback.error_rate_percent: found 10, allowed: less than the canary's 10 %, so "
        "that the endpoint's own alarm would ring too where all of the canary's answers fail",
    ),
    (
        "family: cpu-small\n      min",
        "machine_type: ml.inf1.xlarge\n      min",
        f"mlplatform:endpoints.live.machine_type: {INF1}",
    ),
    ("family: gpu-l4", "family: inferentia1", f"mlplatform:endpoints.queued.family: {INF1}"),
    # kinds
    (
        "kind: online",
        "kind: serverless",
        "mlplatform:endpoints.live.kind: found 'serverless': SageMaker serverless endpoints take neither a VPC nor "
        "network isolation; use 'async' with min_replicas 0 to pay nothing while idle",
    ),
    ("kind: online", "kind: live", f"mlplatform:endpoints.live.kind: found 'live', {KINDS}"),
    ("kind: online", "kind: [online]", f"mlplatform:endpoints.live.kind: found a list, {KINDS}"),
    ("      kind: online\n", "", f"mlplatform:endpoints.live.kind: found nothing, {KINDS}"),
    # an endpoint may bear the name of a kind
    (
        "    live:\n      kind: online\n      model: scorer",
        "    online:\n      kind: online\n      model: 7",
        f"mlplatform:endpoints.online.model: found 7, {SLUG}, such as fraud-scorer",
    ),
    # schedules
    ("30 4 * * *", "30 2 * *", f"{CRON}: found '30 2 * *', {FIELDS}"),
    ("30 4 * * *", "30  2 * * *", f"{CRON}: found '30  2 * * *', {FIELDS}"),
    ("30 4 * * *", "30 2 * * MON", f"{CRON}: found '30 2 * * MON', {FIELDS}"),
    ("30 4 * * *", "30 2 * * 1,*", f"{CRON}: found '30 2 * * 1,*', {FIELDS}"),
    ("30 4 * * *", "'@daily'", f"{CRON}: found '@daily', {FIELDS}"),
    ("30 4 * * *", "30 2 1 * 1", f"{CRON}: found '30 2 1 * 1', {OPEN}"),
    (
        "30 4 * * *",
        "0 0 30 2 *",
        f"{CRON}: found '0 0 30 2 *', allowed: a cron expression that fires, such as '0 2 * * *' (Bad day-of-month)",
    ),
    (
        "30 4 * * *",
        "61 2 * * *",
        f"{CRON}: found '61 2 * * *', allowed: a cron expression that fires, such as '0 2 * * *' (Bad minute)",
    ),
    (
        "30 4 * * *",
        "30 2 * * 6-0",
        f"{CRON}: found '30 2 * * 6-0', allowed: a cron expression that fires, such as '0 2 * * *' (Bad day-of-week)",
    ),
    (
        "30 4 * * *",
        "30 2 * * 1-5/2",
        f"{CRON}: found '30 2 * * 1-5/2', allowed: a day-of-week without a step ('/'), as a list or a range such as "
        "'1-5'",
    ),
    (
        "30 4 * * *",
        "'*/90 2 * * *'",
        f"{CRON}: found '*/90 2 * * *', allowed: a step below 60 in the field '*/90'; a longer one never comes round",
    ),
    (  # EST is of another country
        "Europe/Berlin",
        "AEST",
        "mlplatform:batch_jobs.nightly.timezone: found 'AEST', allowed: an IANA time zone such as Europe/Berlin",
    ),
    (
        "Europe/Berlin",
        "Europe/Berln",
        "mlplatform:batch_jobs.nightly.timezone: found 'Europe/Berln', allowed: an IANA time zone such as "
        "Europe/Berlin; did you mean Europe/Berlin?",
    ),
    (
        "30 4 * * *",
        "30 2 * * *",
        f"{CRON}: found '30 2 * * *' in Europe/Berlin, whose clock skips 02:00 to 03:00 on 2026-03-29, so no run "
        "starts then; allowed: a time outside of it, or timezone UTC",
    ),
    # models
    (
        "model: scorer\n      family: gpu-l4",
        "model: scorrer\n      family: gpu-l4",
        "mlplatform:endpoints.queued.model: found 'scorrer', no key of mlplatform:models; did you mean scorer?",
    ),
    (
        "model: scorer\n      family: gpu-l4",
        "model: zzz\n      family: gpu-l4",
        "mlplatform:endpoints.queued.model: found 'zzz', no key of mlplatform:models; allowed: scorer",
    ),
    (
        f"{ECR}/scorer:1.4",
        f"{ECR}/scorer:latest",
        f"mlplatform:models.scorer.image: found '{ECR}/scorer:latest', allowed: a pinned tag or digest, never "
        "'latest'",
    ),
    (
        f"{ECR}/scorer:1.4",
        f"{ECR}/scorer",
        f"mlplatform:models.scorer.image: found '{ECR}/scorer', {IMAGE}",
    ),
    *(
        (
            f"{ECR}/scorer:1.4",
            image,
            f"mlplatform:models.scorer.image: found {image!r}, allowed: an image of ECR in the stack's region, "
            f"such as {ECR}/scorer:1.4; SageMaker pulls from no other registry or region, so push a copy there",
        )
        for image in (
            "ghcr.io/acme-risk/claims-scorer:1.4",
            "docker.io/acme-risk/scorer:1.4",
            "public.ecr.aws/acme/scorer:1.4",
            "11112222333.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4",
            "111122223333.dkr.ecr.us-west-2.amazonaws.com/scorer:1.4",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com/scorer:1",
            "us-central1-docker.pkg.dev/acme/serving/scorer:1.4",
        )
    ),
    *(
        (
            "s3://models/scorer/1/model.tar.gz",
            uri,
            f"mlplatform:models.scorer.artifact_uri: found {uri!r}, allowed: one archive whose name ends with "
            "'.tar.gz', such as s3://bucket/folder/model.tar.gz",
        )
        for uri in ("s3://models/scorer/1/", "s3://models/scorer/1/model.tar", "s3://models/scorer/1/model.zip")
    ),
    (
        "s3://models/scorer/1/model.tar.gz",
        "s3://models/*",
        "mlplatform:models.scorer.artifact_uri: found 's3://models/*', allowed: an S3 address with a key such as "
        "s3://payments-risk-models-111122223333/fraud-scorer/1/model.tar.gz",
    ),
    # YAML that reads, and that people and other readers of YAML take for something else
    ("percent: 10", "percent: 2, percent: 3", "line 24: found the key 'percent' twice, allowed: once"),
    ("percent: 10", 'percent: 2, "percent": 3', "line 24: found the key 'percent' twice, allowed: once"),
    ("percent: 10", "percent: &z 2", "line 24: found an anchor or alias (& or *), allowed: the value itself"),
    ("percent: 10", "percent: *z", "line 24: found an anchor or alias (& or *), allowed: the value itself"),
    ("percent: 10", "<<: {percent: 2}", "line 24: found '<<' without quotes, allowed: the keys themselves"),
    ("percent: 10", "percent: 0x2", f"line 24: found '0x2' {BARE}"),
    ("percent: 10", "percent: 0x" + "f" * 9999, f"line 24: found '0x{'f' * 76}… {BARE}"),
    ("percent: 10", "percent: " + "9" * 9999, f"line 24: found '{'9' * 78}… {BARE}"),
    ("percent: 10", "percent: 02", f"line 24: found '02' {BARE}"),
    ("percent: 10", "percent: 0o2", f"line 24: found '0o2' {BARE}"),
    ("percent: 10", "percent: 1_0", f"line 24: found '1_0' {BARE}"),
    ("percent: 10", "percent: 1:30", f"line 24: found '1:30' {BARE}"),
    ("percent: 10", "percent: 2026-13-45", f"line 24: found '2026-13-45' {BARE}"),
    *(("percent: 10", f"percent: {tagged}", f"line 24: found the tag 'tag:yaml.org,2002:{tag}', allowed: values "
       "without a tag") for tagged, tag in (("!!python/name:os.system x", "python/name:os.system"), ('!!int ""', "int"),
                                            ("!!bool x", "bool"))),
    ("monthly_usd: 2500", "monthly_usd: 2e3", f"line 10: found '2e3' {BARE}"),
    ("[ana, ben]", "[ana, no]", f"line 11: found 'no' {BARE}"),
    ("[ana, ben]", "[ana, y]", f"line 11: found 'y' {BARE}"),
    ("    scorer:\n", "    7:\n", "line 13: found '7' as a key, allowed: text; put it in quotes"),
    ("    scorer:\n", "    ~:\n", "line 13: found '~' as a key, allowed: text; put it in quotes"),
    ("    scorer:\n", "    ? [a]\n    :\n", "line 13: found a list as a key, allowed: text; put it in quotes"),
    (
        "team: payments-risk",
        r'team: "\ud83d"',
        r"line 6: found '\ud83d', half of a character, allowed: the character itself",
    ),
    ("idle_timeout_minutes: 60", r'"\e[31m\u202e": 2', "mlplatform:workspace. [31m : unknown key; allowed: users, "
     "idle_timeout_minutes, principals, zones, zone, reached_from"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES, ids=[str(n) for n in range(len(MISTAKES))])
def test_a_mistake_gives_its_sentence(file: Path, right: str, wrong: str, sentence: str) -> None:
    assert right in TEXT
    assert refusal(file, TEXT.replace(right, wrong, 1)) == sentence


def patterns(schema: Any) -> Iterator[str]:
    """Each pattern of a JSON Schema, at any depth."""
    if isinstance(schema, dict):
        inner = cast("dict[str, Any]", schema)
        if isinstance(pattern := inner.get("pattern"), str):
            yield pattern
        yield from inner.get("patternProperties", ())
    for one in cast("list[Any]", list(schema.values()) if isinstance(schema, dict) else schema):
        if isinstance(one, dict | list):
            yield from patterns(one)


def test_every_pattern_has_words() -> None:
    """A regular expression in a sentence tells an average engineer nothing."""
    assert {
        one for one in patterns(stack_model().model_json_schema()) if one not in {*types.FORMS, *types.WORDS}
    } == set()
