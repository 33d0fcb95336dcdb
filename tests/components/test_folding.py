"""Places of grants are folded no further than a cloud's sizes ask, and never to a whole bucket."""

from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws.personas import ROOM, fitting
from components.folding import apart, folded, kept_alike
from components.gcp.personas import CONDITIONS, IdentityArgs, Needs, personas_of

parts = st.sampled_from(["a", "b", "cc", "d-1", "e"])
places = st.lists(
    st.builds(
        "{}/{}{}".format, parts, st.lists(parts, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"])
    ),
    min_size=1,
    max_size=30,
)


def covered(place: str, by: list[str]) -> bool:
    return place in by or any(place.startswith(above) for above in by if above.endswith("/"))


@settings(deadline=None)
@given(places)
def test_none_stands_below_another_and_all_are_covered(given_: list[str]) -> None:
    kept = apart(given_)
    assert all(covered(place, kept) for place in given_)
    assert not any(covered(one, [other]) for one in kept for other in kept if one != other)


@settings(deadline=None)
@given(places)
def test_folding_ends_covers_all_and_grants_no_bucket(given_: list[str]) -> None:
    left = apart(given_)
    while (fewer := folded(left)) is not None:
        assert len(fewer) < len(left), "each fold is a step towards the end"
        left = fewer
        assert all(covered(place, left) for place in given_)
        assert all(place.rstrip("/").count("/") >= 1 for place in left), "a root is never granted"
    tops = [tuple(place.split("/")[:2]) for place in left if place.rstrip("/").count("/") > 1]
    assert len(tops) == len(set(tops)), "what still shares a folder would have been folded"


def test_few_places_stay_as_they_are() -> None:
    words = fitting(
        "it", "1" * 12, "eu-west-1", "/", ["s3://m/a/1/x.tar.gz", "s3://m/b/1/x.tar.gz"], ["s3://d/in/"], [], []
    )
    assert words.artifacts == ["m/a/", "m/b/"] and words.inputs == ["d/in/"]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1000), st.booleans())
def test_a_thousand_models_and_jobs_below_one_folder_fit_a_role(count: int, nested: bool) -> None:
    below = "team/{}/data/" if nested else "team/{}/"
    names = [f"job-{n}" for n in range(count)]
    uris = [f"s3://bucket/{below.format(name)}" for name in names]
    archives = [f"{uri}1/model.tar.gz" for uri in uris]
    images = [f"{1:012}.dkr.ecr.eu-west-1.amazonaws.com/team/{name}:1" for name in names]
    left = [f"s3://bucket/{below.format(f'path-{n}')}" for n in range(count)]
    words = fitting("it", "1" * 12, "eu-west-1", "/", archives, uris, uris, images, candidate_uris=left)
    named = [*words.artifacts, *words.inputs, *words.inputs, *words.outputs, *words.repositories]
    assert sum(map(len, named)) <= ROOM["batch"]
    assert sum(map(len, words.repositories)) <= ROOM["data-scientist"]
    published = [*words.artifacts, *words.candidates, *words.candidates, *words.repositories]
    assert sum(map(len, published)) <= ROOM["publisher"]
    assert all(covered(uri.removeprefix("s3://"), list(words.candidates)) for uri in left)
    assert all(covered(uri.removeprefix("s3://"), list(words.inputs)) for uri in uris)


@given(st.integers(1, 60))
def test_many_places_of_google_share_conditions_and_one_more_leaves_the_others_where_they_are(count: int) -> None:
    def asked(number: int) -> dict[str, list[str]]:
        needs = Needs(artifact_uris=[f"gs://models/m-{n}/1/" for n in range(number)])
        args = IdentityArgs(
            prefix="it",
            project="p",
            region="r",
            needs=needs,
            own_bucket="own",
            bucket_name="own",
            repository_id="images",
            own_images="r-docker.pkg.dev/p/images",
            vertex_agent="serviceAccount:agent@example.com",
        )
        return {each.name: list(each.prefixes) for each in personas_of(args)["serving"].reads}

    found = asked(count)
    assert len(found) <= CONDITIONS and sorted(prefix for each in found.values() for prefix in each) == sorted(
        f"m-{n}/" for n in range(count)
    )
    if count > CONDITIONS:
        more = asked(count + 1)
        assert sum(found[name] != more.get(name) for name in found) <= 1
    else:
        assert all(list(found[name]) == [name] for name in found), "few places keep a condition each"


@settings(deadline=None)
@given(st.dictionaries(st.text("ab/", min_size=1), st.integers(1, 3)), st.integers(1, 4))
def test_each_folder_stands_once_with_those_that_are_kept_as_long(days: dict[str, int], most: int) -> None:
    rules = list(kept_alike(days, most))
    assert {folder: kept for kept, _, folders in rules for folder in folders} == days
    assert sum(len(folders) for _, _, folders in rules) == len(days)
    assert all(0 < len(folders) <= most for _, _, folders in rules)
    assert len({(kept, number) for kept, number, _ in rules}) == len(rules), "a rule has a name of its own by both"
