"""Stack files with any number of endpoints, for each platform in its own words."""

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
