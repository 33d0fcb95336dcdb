"""What takes an endpoint's model off and puts it on, as a definition for Google's Workflows: look, act, look again."""

from collections.abc import Mapping
from typing import Any

from catalogue.week import pauses, together
from components.gcp.run import ATTEMPTS, POLL_SECONDS
from components.hours import Hours
from provider.ids import PREFIX

ON, OFF = "on", "off"
LEAST_MINUTES = 60
"""The shortest range, and the shortest pause. Vertex AI takes ten minutes or more to start a replica, so less would
save nothing."""
MOST_MINUTES = 180
"""How long a run tries at most. It waits for a canary, which bakes for an hour at most, and for what deploys it."""

_LATE_MINUTES = 15
"""How much later than said a schedule may start a run, which tries again for ten minutes."""


_STATUS = 'default(map.get(way.body, "pscConnectionStatus"), "")'


def too_short(days: Mapping[str, str]) -> str:
    """What is wrong with hours of Vertex AI that are right by themselves; empty where nothing is."""
    shortest = min(*pauses(days), *(ends - begins for begins, ends in together(days)))
    if shortest < LEAST_MINUTES:
        return (
            f"a range or a pause lasts {shortest} minutes, allowed {LEAST_MINUTES} or more: Vertex AI takes ten "
            "minutes or more to start a replica"
        )
    return ""


def minutes(hours: Hours) -> int:
    """How long a run tries: it ends before the next one may begin, so no two of them ever meet."""
    lasts = [ends - begins for begins, ends in together(hours.days)]
    return min(MOST_MINUTES, *pauses(hours.days), *lasts) - _LATE_MINUTES


def definition(endpoint: str, deployed: Mapping[str, Any], attachment: str, way: str, minutes: int) -> dict[str, Any]:
    """The workflow as Workflows reads it. Its argument says what is wanted: `{"wanted": "on"}` or `off`.

    It looks before each step, so a start that is delivered twice changes nothing twice. It waits while an operation of
    the endpoint runs and, before it turns off, while two models stand: that is a canary, and it must be judged first.
    What stands is left alone where the endpoint is to be on, whatever version it is. After `minutes`, or three failed
    tries, it logs `overran` and the run fails. A model that our provider did not deploy is never taken off.

    Google may delete the service attachment once no model stood for ten minutes. `way` is the forwarding rule that
    leads to it: a run that turns on has not succeeded before the rule is accepted, and fails at once where it is
    closed, for then it must be made anew. "Use dedicated private endpoints based on Private Service Connect", its
    limitations, https://docs.cloud.google.com/vertex-ai/docs/predictions/private-service-connect. Rules:
    Workflows, "Syntax reference", https://cloud.google.com/workflows/docs/reference/syntax; Vertex AI, deployModel and
    undeployModel, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints
    """
    api = f"https://{endpoint.split('/')[3]}-aiplatform.googleapis.com/v1/{endpoint}"
    stands = "served.models > 0"
    return {
        "main": {
            "params": ["input"],
            "steps": [
                {"begin": {"assign": [{"deadline": f"${{sys.now() + {minutes * 60}}}"}, {"attempt": 0}]}},
                {
                    "look": {
                        "call": "settled",
                        "args": {"deadline": "${deadline}", "wanted": "${input.wanted}"},
                        "result": "served",
                    }
                },
                {
                    "judge": {
                        "switch": [
                            {
                                "condition": f'${{input.wanted == "{ON}" and {stands} and '
                                f'served.attachment != "{attachment}"}}',
                                "next": "tell",
                            },
                            {"condition": f'${{input.wanted == "{ON}" and {stands}}}', "next": "way"},
                            {"condition": f'${{input.wanted == "{OFF}" and not({stands})}}', "return": "${served}"},
                            {"condition": f'${{input.wanted == "{OFF}" and not(served.ours)}}', "next": "tell"},
                            {"condition": "${sys.now() >= deadline}", "next": "tell"},
                            {"condition": f"${{attempt >= {ATTEMPTS}}}", "next": "tell"},
                        ]
                    }
                },
                {"next_attempt": {"assign": [{"attempt": "${attempt + 1}"}]}},
                {
                    "choose": {
                        "switch": [{"condition": f'${{input.wanted == "{ON}"}}', "next": "put_on"}],
                        "next": "take_off",
                    }
                },
                {"put_on": _tried(f"{api}:deployModel", {"deployedModel": deployed, "trafficSplit": {"0": 100}})},
                {"put": {"assign": [{"tried": ON}], "next": "pause"}},
                {"take_off": _tried(f"{api}:undeployModel", {"deployedModelId": "${served.id}"})},
                {"pause": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}, "next": "look"}},
                {"way": _read(f"https://compute.googleapis.com/compute/v1/{way}", "way")},
                {
                    "lead": {
                        "switch": [
                            {"condition": f'${{{_STATUS} == "ACCEPTED"}}', "return": "${served}"},
                            {"condition": f'${{{_STATUS} == "CLOSED" or sys.now() >= deadline}}', "next": "tell"},
                        ],
                        "next": "pause",
                    }
                },
                {
                    "tell": {
                        "call": "sys.log",
                        "args": {"severity": "ERROR", "json": {"event": "overran", "served": "${served}"}},
                    }
                },
                {"give_up": {"raise": "${served}"}},
            ],
        },
        "settled": {"params": ["deadline", "wanted"], "steps": _settled(api)},
    }


def _settled(api: str) -> list[dict[str, Any]]:
    """What stands once nothing is under way, or when time is up."""
    wait = {"next": "wait"}
    model = "found.body.deployedModels[0]"
    attached = f'${{default(map.get({model}, ["privateEndpoints", "serviceAttachment"]), "")}}'
    return [
        {"list": _read(f"{api}/operations", "under_way", query={"filter": "done=false"})},
        {"read": _read(api, "found")},
        {"none": {"assign": [{"served": {"models": 0, "id": "", "ours": True, "attachment": ""}}]}},
        {"counted": {"switch": [{"condition": f"${{{_none('found.body', 'deployedModels')}}}", "next": "judge"}]}},
        {
            "some": {
                "assign": [
                    {
                        "served": {
                            "models": "${len(found.body.deployedModels)}",
                            "id": f"${{{model}.id}}",
                            "ours": f'${{{model}.displayName == "{PREFIX}" + {model}.id}}',
                            "attachment": attached,
                        }
                    }
                ]
            }
        },
        {
            "judge": {
                "switch": [
                    {"condition": "${sys.now() >= deadline}", "return": "${served}"},
                    {"condition": f"${{not({_none('under_way.body', 'operations')})}}", **wait},
                    {"condition": f'${{wanted == "{OFF}" and served.models > 1}}', **wait},
                ]
            }
        },
        {"told": {"return": "${served}"}},
        {"wait": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}, "next": "list"}},
    ]


def _none(of: str, key: str) -> str:
    """Whether a list that the API leaves out, or sends empty, has nothing in it."""
    return f'len(default(map.get({of}, "{key}"), [])) == 0'


def _read(url: str, result: str, **args: Any) -> dict[str, Any]:
    """A request that may be repeated, which Workflows does up to five times for what is likely to pass."""
    asked = {"call": "http.get", "args": {"url": url, "auth": {"type": "OAuth2"}, **args}, "result": result}
    return {"try": asked, "retry": "${http.default_retry}"}


def _tried(url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A start that may fail: what stands afterwards is looked at, whatever the answer was."""
    asked = {"call": "http.post", "args": {"url": url, "auth": {"type": "OAuth2"}, "body": body}, "result": "started"}
    told = {"call": "sys.log", "args": {"severity": "WARNING", "json": {"event": "refused", "error": "${error}"}}}
    return {"try": asked, "except": {"as": "error", "steps": [{"refused": told}]}}
