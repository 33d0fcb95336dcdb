"""How an acceptance run calls an endpoint of Amazon SageMaker, and empties the run's own stores, with boto3.

InvokeEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html.
DeleteObjects, of which a versioned bucket wants each version named:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html.
BatchDeleteImage, https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from operations.accept.acceptance import Unanswered


def doubt(account: Any) -> str:
    """A profile may send botocore to another host by `endpoint_url`, and Pulumi's provider with it."""
    host = urlsplit(str(account.session.client("sts", region_name=account.region).meta.endpoint_url)).hostname or ""
    return "" if host.endswith((".amazonaws.com", ".api.aws")) else "the profile names a host that is none of AWS's"


def call(account: Any, name: str, outputs: Mapping[str, Any], body: bytes) -> bytes:
    """The answer of the endpoint, whose name is an output of the stack. Raises Unanswered."""
    runtime: Any = account.session.client("sagemaker-runtime", region_name=account.region)
    try:
        served = cast("Mapping[str, str]", outputs["endpoints"])[name]
        told = {"ContentType": "application/json", "Accept": "application/json"}
        answer = runtime.invoke_endpoint(EndpointName=served, Body=body, **told)
        return bytes(answer["Body"].read())
    except (BotoCoreError, ClientError) as error:
        raise Unanswered(str(error)) from None


def empty(account: Any, address: str) -> str:
    """Delete the object, folder or image at an address, in every version. Returns why something stays, or ""."""
    try:
        said = _empty_bucket(account, address) if address.startswith("s3://") else _empty_registry(account, address)
        return "; ".join(dict.fromkeys(said))
    except (BotoCoreError, ClientError) as error:
        return str(error)


def _empty_bucket(account: Any, address: str) -> Iterator[str]:
    """Delete markers are versions, too: a bucket that has one is not empty."""
    s3: Any = account.session.client("s3", region_name=account.region)
    place = urlsplit(address)
    bucket, key = place.netloc, place.path[1:]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        there = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if one["Key"] == key or one["Key"].startswith(f"{key.rstrip('/')}/")
        ]
        if there:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": there, "Quiet": True})
            yield from (f"{one['Code']}: {one['Message']}" for one in answer.get("Errors", ()))


def _empty_registry(account: Any, address: str) -> Iterator[str]:
    """A list of manifests is deleted before those that it names, and these before the repository counts as empty."""
    ecr: Any = account.session.client("ecr", region_name=account.region)
    registry, _, named = address.partition("/")
    mark, by = ("@", "imageDigest") if "@" in named else (":", "imageTag")
    repository, _, version = named.rpartition(mark)
    at = {"registryId": registry.partition(".")[0], "repositoryName": repository}
    found = ecr.batch_get_image(**at, imageIds=[{by: version}]).get("images", ())
    digests = [one["imageId"]["imageDigest"] for one in found]
    for one in found:
        listed = json.loads(one["imageManifest"]).get("manifests", ())
        digests += [part["digest"] for part in listed if part["digest"] not in digests]
    for digest in digests:
        answer = ecr.batch_delete_image(**at, imageIds=[{"imageDigest": digest}])
        yield from (f"{one['failureCode']}: {one['failureReason']}" for one in answer.get("failures", ()))
