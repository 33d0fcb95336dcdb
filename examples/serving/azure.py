"""The container on Azure Machine Learning: hosts the scoring script `score.py` as an online deployment calls it.

The routes and the port are those of Azure ML's own inference server, which our components expect: `/` for health,
`/score` for predictions, port 5001. Sources:
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-inference-server-http and
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-custom-container
"""

from collections.abc import Mapping

from examples.serving import score
from examples.serving.server import Answer, Request, Server, healthy, json_answer, run, text_answer

PORT = 5001


def serve(address: tuple[str, int]) -> Server:
    """The server of the scoring script. Raises BadModel where `init` finds no model that can be used.

    A refusal is plain text, as Azure ML's own AMLResponse has it.
    """
    score.init()

    def scored(request: Request) -> Answer:
        return json_answer(score.run(request.body))

    routes = {("GET", "/"): healthy, ("POST", "/score"): scored}
    return Server(address, routes, text_answer)


def _of(environment: Mapping[str, str]) -> Server:
    return serve(("0.0.0.0", PORT))


if __name__ == "__main__":
    run(_of)
