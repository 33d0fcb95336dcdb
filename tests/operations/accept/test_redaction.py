"""What is planted in a cloud's sentence does not come out of the redactor, whatever stands around it."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.graph import Graph
from operations.accept.redaction import Redactor, known_words, texts_and_keys
from stacks.config import STACKS, read_stack_file

HEX, WORD = "0123456789abcdef", string.ascii_letters + string.digits
BASE64 = string.ascii_letters + string.digits + "+/"


def of(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


def with_a_digit(alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.tuples(of(alphabet, length - 1), st.sampled_from(string.digits)).map("".join)


GUID = st.tuples(of(HEX, 8), of(HEX, 4), of(HEX, 4), of(HEX, 4), of(HEX, 12)).map("-".join)
LABEL = of(string.ascii_lowercase, 3, 9)
HOST = st.tuples(LABEL, LABEL, st.sampled_from(["com", "internal", "azurecr.io", "a.run.app"])).map(".".join)
SECRETS = {
    "account": of(string.digits, 12),
    "project": st.tuples(LABEL, LABEL, of(string.digits, 2)).map("-".join),
    "subscription": GUID,
    "access key": st.tuples(st.sampled_from(["AKIA", "ASIA"]), with_a_digit(string.ascii_uppercase, 16)).map("".join),
    "secret key": with_a_digit(BASE64, 40),
    "API key": with_a_digit(WORD + "-_", 35).map(lambda key: f"AIza{key}"),
    "token of Google": with_a_digit(WORD + "-_", 60).map(lambda key: f"ya29.{key}"),
    "JWT": st.tuples(of(WORD, 20), of(WORD, 30), of(WORD, 20)).map(lambda three: "eyJ" + ".eyJ".join(three)),
    "key of a store": with_a_digit(BASE64, 86).map(lambda key: f"{key}=="),
    "signature": with_a_digit(WORD, 30).map(lambda key: f"sv=2025-05-05&sig={key}%3D"),
    "e-mail": st.tuples(LABEL, HOST).map("@".join),
    "host": HOST,
    "URL": st.tuples(HOST, LABEL).map(lambda two: f"https://{two[0]}/{two[1]}?code=1"),
    "ARN": st.tuples(of(string.digits, 12), LABEL).map(lambda two: f"arn:aws:iam::{two[0]}:role/{two[1]}"),
    "bucket": st.tuples(LABEL, LABEL).map(lambda two: f"s3://{two[0]}-{two[1]}/1/model.tar.gz"),
    "address": st.tuples(*[st.integers(0, 255).map(str)] * 4).map(".".join),
    "address of six": st.lists(of(HEX, 4), min_size=8, max_size=8).map(":".join),
    "id": with_a_digit(HEX, 17).map(lambda digits: f"vpc-{digits}"),
    "resource of Azure": st.tuples(GUID, LABEL).map(lambda two: f"/subscriptions/{two[0]}/resourceGroups/{two[1]}"),
    "private key": with_a_digit(BASE64, 64).map(lambda key: f"-----BEGIN_KEY-----{key}"),
}
AROUND = [
    "{}",
    "An error occurred (AccessDenied) when calling the CreateRole operation: {} is not authorized",
    "googleapi: Error 403: denied for {}, forbidden",
    'body: {{"error": {{"message": "no {}", "code": 409}}}}',
    "GET {}: 404 Not Found",
    "failed [{}] ({}); try again",
    "password={}",
    "name='{}' exists",
    "\n\t{}\n",
    "x{}y",
]


@pytest.mark.parametrize("what", SECRETS)
def test_a_planted_secret_does_not_come_out(what: str) -> None:
    @given(secret=SECRETS[what], around=st.sampled_from(AROUND), more=st.sampled_from(["", " ", ":", ".", "/"]))
    def planted(secret: str, around: str, more: str) -> None:
        said = Redactor([]).sentence(around.format(secret + more, secret))
        assert secret not in said
        # Nor does a part of it that would tell the rest: no run of it that has a digit among others.
        assert not [run for run in re.findall(r"[\w.@/+-]{9,}", said) if run in secret]

    planted()


@given(
    secret=st.text(st.characters(blacklist_categories=["Cs"]), min_size=5, max_size=30).filter(
        lambda text: len(text.split()) == 1 and text == text.strip() and not re.search(r"[<>\d]", text)
    ),
    around=st.sampled_from(AROUND),
)
def test_a_known_word_does_not_come_out_though_it_is_plain_language(secret: str, around: str) -> None:
    frame = around.format("", "").casefold()
    if secret.casefold() not in frame:
        assert secret not in Redactor([secret]).sentence(around.format(secret, secret))


@given(st.text(max_size=300))
def test_any_text_gives_one_short_line(text: str) -> None:
    said = Redactor(["payments"]).sentence(text)
    assert len(said) <= 400 and "\n" not in said and "payments" not in said


def test_what_a_reader_needs_stays() -> None:
    said = "An error occurred (ResourceLimitExceeded) when calling the CreateEndpoint operation: limit is 2, got 403"
    assert Redactor([]).sentence(said) == said


def test_the_same_word_has_the_same_number_everywhere() -> None:
    redactor = Redactor([])
    assert redactor.sentence("role a-1 and role b-2") == "role <1> and role <2>"
    assert redactor.sentence("B-2 again") == "<2> again"
    assert redactor.name("a-1") == "<1>"


def test_a_type_stays_where_the_catalogue_knows_it() -> None:
    redactor = Redactor([])
    assert redactor.type("aws:sagemaker/endpoint:Endpoint") == "aws:sagemaker/endpoint:Endpoint"
    assert redactor.type("payments:own:Thing") == "<1>"


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_the_words_of_a_stack_are_known(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    config = read_stack_file(STACKS / f"Pulumi.{platform}-pilot.yaml")
    known = known_words(
        config, graph, {"DATABASE_PASSWORD": "correct horse", "LANG": "C.UTF-8", "AWS_TOKEN": "letmein"}
    )
    assert {graph.stack, "payments-risk", "payments-risk@example.com", "ana", "fraud-scorer", config.account} <= known
    assert {"correct horse", "letmein"} <= known and "C.UTF-8" not in known
    assert not known & {"model", "image", "online", "kind", "pilot", "endpoints"}, "the model's own words name nobody"
    redactor = Redactor(known)
    for text in texts_and_keys(config.model_dump(mode="json")):
        if text in known and len(text) > 4:
            assert text not in redactor.sentence(f"no right for {text}: denied")
    for resource in graph.cloud:
        assert resource.name not in redactor.sentence(f"{resource.name} cannot be made")
