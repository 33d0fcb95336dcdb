"""A company's folder: every file in it is read, or refused; and its kinds are known as ours are."""

import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from catalogue import organisation as own
from catalogue.errors import BadInput
from catalogue.kinds import TwiceKnown, kind_of, kinds
from catalogue.platforms import PLATFORMS
from tests import sharing
from tests.conftest import forget

QUEUE = "aws:sqs/queue:Queue"
KIND = f'''
from catalogue.answers import by_name
from catalogue.behaviour import Behaviour
from catalogue.kind import setting
from catalogue.kinds.aws import acts, regional, registry, tagged, terraform

QUEUE = "{QUEUE}"
_ACTS = acts("sqs", by_name("https://sqs.{{region}}.amazonaws.com/{{account}}/{{name}}"), Behaviour())
KINDS = [
    setting(QUEUE, "an account", registry(QUEUE), tags=tagged(QUEUE), stands=regional(QUEUE), acts=_ACTS,
            renders=terraform("sqs_queue")),
]
'''


def put(folder: Path, place: str, text: str = "") -> None:
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(text, encoding="utf-8")


def refused() -> str:
    with pytest.raises(BadInput) as caught:
        own.folders()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_where_there_is_no_folder_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy pack may travel without one."""
    monkeypatch.setattr(own, "find_spec", lambda name: None)
    forget()
    assert own.folders() == () and own.file("limits.yaml") is None and list(own.modules("kinds/aws")) == []
    assert kind_of("aws:sns/topic:Topic") is not None
    forget()


def examples_of(place: str, name: str) -> list[str]:
    """A file in a place for each platform."""
    plain = place.replace("**", f"a/b/{name}").replace("*", name)
    return [plain.replace("<platform>", platform) for platform in PLATFORMS]


@pytest.mark.parametrize("place", own.PLACES)
def test_a_file_may_stand_in_every_place(organisation: Path, place: str) -> None:
    for path in examples_of(place, "own"):
        put(organisation, path)
    assert own.folders() == (organisation.resolve(),)


WORDS = ["limits", "waivers", "kinds", "policies", "sections", "aws", "amazon", "rules", "own", "x.py", "a.yaml"]


@given(parts=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
@example(parts=["limits.yml"])
@example(parts=["kinds", "x.py"])
@example(parts=["policies", "amazon", "x.py"])
@example(parts=["policies", "x.py", "a.yaml"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=sharing.examples(60), deadline=None)
def test_a_file_in_any_other_place_is_refused_by_name(organisation: Path, parts: list[str]) -> None:
    shutil.rmtree(organisation)
    path = "/".join(parts)
    put(organisation, "__init__.py")
    put(organisation, path)
    forget()
    known = {place for pattern in own.PLACES for place in examples_of(pattern, "x")}
    if path in known or path.startswith(("components/", "tests/")):
        assert own.folders()
    elif folder := next((str(above) for above in Path(path).parents if str(above) in known), ""):
        assert refused() == f"organisation/{folder}: found a folder, allowed: a file"
    else:
        assert refused().startswith(f"organisation/{path}: nothing reads a file there; ")


@pytest.mark.parametrize(("path", "instead"), [("limit.yaml", "limits.yaml"), ("waivers.yml", "waivers.yaml")])
def test_a_misspelt_file_is_told_the_name_that_was_meant(organisation: Path, path: str, instead: str) -> None:
    put(organisation, path)
    assert refused().endswith(f"did you mean organisation/{instead}?")


@pytest.mark.parametrize("place", ["limits.yaml", "transcripts/mine.json", "kinds/aws/own.py", "sections/own.py"])
def test_what_stands_where_a_file_may_and_is_none_is_refused(organisation: Path, place: str) -> None:
    """A folder of that name, and a link to nowhere, were left unread in silence, as if the company had said nothing."""
    path = organisation / place
    path.mkdir(parents=True)
    assert refused() == f"organisation/{place}: found a folder, allowed: a file"
    path.rmdir()
    path.symlink_to("nowhere")
    forget()
    assert refused() == f"organisation/{place}: found a link to nowhere, allowed: a file"


def test_pages_and_names_that_say_they_are_not_for_reading_are_left_alone(organisation: Path) -> None:
    for path in ("NOTES.md", "kinds/aws/NOTES.md", "_drafts/x.py", "kinds/aws/_shared.py", ".idea/workspace.xml"):
        put(organisation, path, "1 / 0")
    assert own.folders() and list(own.modules("kinds/aws")) == []


def test_a_kind_of_the_companys_is_known_and_no_other_platform_has_it(organisation: Path) -> None:
    assert kind_of(QUEUE) is None
    put(organisation, "kinds/aws/sqs.py", KIND)
    forget()
    assert kind_of(QUEUE) is kinds("aws")[QUEUE] and list(kinds("aws"))[-1] == QUEUE
    assert QUEUE not in {*kinds("gcp"), *kinds("azure")}


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        ("kinds/aws/sqs.py", "", "has no kinds; add records as catalogue/kinds/aws/budgets.py has them, KINDS"),
        ("kinds/aws/sqs.py", "KINDS = []", "has no kinds; add records as catalogue/kinds/aws/budgets.py has them, "
         "KINDS"),
        ("kinds/aws/sqs.py", "KINDS = ['aws:sqs/queue:Queue']", "KINDS has a str, allowed: records, as Kind or setting "
         "makes"),
        ("kinds/gcp/sqs.py", KIND, f"{QUEUE} is no type of gcp; put its record beside those of its own"),
        ("kinds/aws/sqs.py", KIND.replace("acts=_ACTS,", ""), "cannot be imported, for line 10 of it breaks "
         "(TypeError: setting() missing 1 required keyword-only argument: 'acts')"),
        ("kinds/aws/sqs.py", "KINDS = (", "cannot be imported, for it breaks (SyntaxError: '(' was never closed "
         "(sqs.py, line 1))"),
        ("kinds/aws/sns.py", KIND.replace(QUEUE, "aws:sns/topic:Topic"), "aws:sns/topic:Topic has a record in "
         "catalogue/kinds/aws/sns.py; keep one"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_one_of_kinds_gives_one_sentence(
    organisation: Path, path: str, text: str, sentence: str
) -> None:
    put(organisation, path, text)
    with pytest.raises(BadInput) as caught:
        kinds(path.split("/")[1])
    assert str(caught.value) == f"organisation/{path}: {sentence}"
    assert isinstance(caught.value, TwiceKnown) is ("has a record" in sentence)


def test_two_files_of_the_companys_with_one_kind_are_refused(organisation: Path) -> None:
    for name in ("a", "b"):
        put(organisation, f"kinds/aws/{name}.py", KIND)
    with pytest.raises(
        TwiceKnown, match=r"^organisation/kinds/aws/b\.py: .* has a record in organisation/kinds/aws/a\.py"
    ):
        kinds("aws")


def test_a_second_folder_of_the_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("project", "dependency"):
        (tmp_path / name / "organisation").mkdir(parents=True)
    places = [str(tmp_path / name / "organisation") for name in ("project", "dependency")]
    spec = ModuleSpec("organisation", None, is_package=True)
    spec.submodule_search_locations = places
    monkeypatch.setattr(own, "find_spec", lambda name: spec)
    own.folders.cache_clear()
    with pytest.raises(BadInput, match=r"^organisation: stands in .+ and in .+; keep the one of the project$"):
        own.folders()
    own.folders.cache_clear()
