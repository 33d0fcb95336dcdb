"""Stack files with any number of endpoints, or of models and batch jobs, for each platform in its own words."""

from benchmarks.cloud import cloud_of

_HEAD = """config:
  mlplatform:platform: {platform}
  mlplatform:account: "{account}"
  mlplatform:region: {region}
  mlplatform:environment: pilot
  mlplatform:team: bench
  mlplatform:cost_center: bench
  mlplatform:owner: bench@example.com
  mlplatform:network: {{cidr: 10.40.0.0/16{zones}}}
  mlplatform:budget: {{monthly_usd: 2500}}
  mlplatform:workspace: {{users: [ana]{where}{principals}}}
  mlplatform:models:
    m:
      image: {image}
      artifact_uri: {artifact_uri}
  mlplatform:endpoints:
"""


def stack_text(platform: str, endpoints: int) -> str:
    """A stack file with so many endpoints of one model."""
    cloud = cloud_of(platform)
    head = _HEAD.format(platform=platform, **cloud.words)
    forms = cloud.endpoints
    return head + "".join(f"    e{n}: {{{forms[n % len(forms)]}}}\n" for n in range(endpoints))


def many_text(platform: str, models: int) -> str:
    """A stack file with so many models, and a batch job for each, in the shortest words there are.

    All of them lie in one folder, as a team of a thousand models would have them: each place more is a line more in a
    persona's policy.
    """
    words = cloud_of(platform).words
    folder, _, _ = words["artifact_uri"].partition("m/1/")
    ending = words["artifact_uri"].rpartition("/")[2]
    head = stack_text(platform, 0).partition("  mlplatform:models:")[0]
    image = words["image"]
    made = "".join(f"    m{n}: {{image: {image}, artifact_uri: {folder}m/{n}/{ending}}}\n" for n in range(models))
    jobs = "".join(
        f"    b{n}: {{model: m{n}, family: cpu-small, replicas: 1, schedule: 0 2 * * *, max_hours: 1, "
        f"input_uri: {folder}i/, output_uri: {folder}o/}}\n"
        for n in range(models)
    )
    return f"{head}  mlplatform:models:\n{made}  mlplatform:batch_jobs:\n{jobs}"
