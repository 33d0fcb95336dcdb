"""The door to the REST APIs: nothing but the reads goes out, and every wait has an end."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.doctor import Unseen, WriteRefused, azure, gcp
from operations.doctor.rest import LONGEST_WAIT, TRIES, Read, Reader
from tests.operations.doctor.doubles import Cloud
from tests.rows import rows

THING = Read("https://api.example.com/v1/things/{name}", "things.get")
MAKE = Read("https://api.example.com/v1/things:check", "nothing", "POST")
WRITES = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MERGE")


def reader(cloud: Cloud, waits: list[float] | None = None) -> Reader:
    sleep = (waits if waits is not None else []).append
    return Reader([THING, MAKE], lambda _: {"Authorization": "Bearer word"}, cloud.transport(), sleep)


def of_everybody(cloud: Cloud) -> list[Reader]:
    return [
        gcp.account_of(lambda: "word", "project", "us-central1", cloud.transport()).reader,
        azure.account_of(lambda _: "word", "subscription", "eastus2", cloud.transport()).reader,
    ]


@rows("read", [*gcp.READS, *azure.READS], ids=lambda read: read.address)
def test_no_write_goes_to_any_address_that_is_read(closed: tuple[Cloud, list[Reader]], read: Read) -> None:
    cloud, doors = closed
    url = read.address.replace("{", "a").replace("}", "z")
    for door in doors:
        for method in WRITES:
            if method != read.method:
                with pytest.raises(WriteRefused, match="doctor only reads"):
                    door.client.request(method, url)
    assert cloud.asked == []


@pytest.fixture(scope="module")
def closed() -> tuple[Cloud, list[Reader]]:
    """The doors to a cloud that answers everything, and what came through them."""
    cloud = Cloud(lambda _: {})
    return cloud, of_everybody(cloud)


@given(
    method=st.sampled_from(("GET", "HEAD", *WRITES)),
    host=st.sampled_from(
        [
            "management.azure.com",
            "storage.googleapis.com",
            "us-central1-aiplatform.googleapis.com",
            "cloudbilling.googleapis.com",
            "risk.azurecr.io",
            "risk.blob.core.windows.net",
            "management.azure.com.example.com",
            "example.com",
        ]
    ),
    path=st.lists(st.text("abcXYZ019-_.:%@~", min_size=1, max_size=8), max_size=6),
)
def test_what_no_table_has_does_not_go_out(
    closed: tuple[Cloud, list[Reader]], method: str, host: str, path: list[str]
) -> None:
    cloud, doors = closed
    for door, reads in zip(doors, (gcp.READS, azure.READS), strict=True):
        url = httpx.URL(f"https://{host}/{'/'.join(path)}")
        if any(read.allows(method, url) for read in reads):
            continue
        with pytest.raises(WriteRefused):
            door.client.request(method, url)
    assert cloud.asked == []


def test_the_only_posts_ask_for_rights_or_a_token() -> None:
    posts = {read.address.rpartition("/")[2] for read in (*gcp.READS, *azure.READS) if read.method != "GET"}
    assert posts == {
        "testIamPermissions",
        "{name}:testIamPermissions",
        "{project}:testIamPermissions",
        "{repository}:testIamPermissions",
        "exchange",
        "token",
    }


@pytest.mark.parametrize("name", ["a/../../v1/secrets", "a?b=c", "a#b", "a:delete", "b@example.com", "../x"])
def test_a_name_from_a_stack_file_stays_one_part_of_the_address(name: str) -> None:
    cloud = Cloud(lambda _: {})
    reader(cloud).ask(THING, THING.at(name=name))
    assert cloud.asked[0].url.raw_path.count(b"/") == 3 and cloud.asked[0].url.host == "api.example.com"


def test_a_cloud_that_throttles_is_asked_again_when_it_says() -> None:
    cloud = Cloud(lambda _: {"is": "there"})
    cloud.stumbles = [
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(503),
        httpx.ConnectError("no"),
        httpx.Response(429, headers={"Retry-After": "9000"}),
    ]
    waits: list[float] = []
    assert reader(cloud, waits).json(THING, THING.at(name="a")) == {"is": "there"}
    assert waits == [7.0, 2.0, 4.0, LONGEST_WAIT]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(429), "api.example.com answers 429, 5 times"),
        (httpx.Response(500), "api.example.com answers 500, 5 times"),
        (httpx.ReadTimeout("no"), r"api.example.com cannot be reached from here \(ReadTimeout\), 5 times"),
    ],
)
def test_it_gives_up(answer: httpx.Response | httpx.TransportError, says: str) -> None:
    cloud = Cloud(lambda _: answer)
    with pytest.raises(Unseen, match=says):
        reader(cloud).json(THING, THING.at(name="a"))
    assert len(cloud.asked) == TRIES


def test_a_page_at_another_host_is_not_followed_and_no_token_goes_there() -> None:
    cloud = Cloud(lambda _: {"value": [1], "nextLink": "https://example.com/v1/things/a"})

    def after(page: Any) -> Mapping[str, Any]:
        return {"url": page["nextLink"]}

    pages = reader(cloud).pages(THING, THING.at(name="a"), "value", {}, after)
    with pytest.raises(WriteRefused):
        list(pages)
    assert len(cloud.asked) == 1


@pytest.mark.parametrize("body", ["", "[]", '{"error": "no"}', '{"error": {"details": [1]}}', "<html>no</html>"])
def test_a_refusal_in_any_form_is_a_sentence(body: str) -> None:
    with pytest.raises(Unseen, match=r"takes the right things.get"):
        reader(Cloud(lambda _: httpx.Response(403, text=body))).ask(THING, THING.at(name="a"))
    with pytest.raises(Unseen, match="the cloud refuses"):
        reader(Cloud(lambda _: httpx.Response(400, text=body))).ask(THING, THING.at(name="a"))
