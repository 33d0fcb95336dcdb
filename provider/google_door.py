"""What calls of Google's APIs have beside those of others: the project that a call counts against.

The file is not called `google`: the plugin starts in this folder, and would take it for Google's own package.
"""

import re
from collections.abc import Mapping

from provider.rest import Door


class GoogleDoor(Door):
    """Calls of one of Google's APIs, each in the name of a project: `project`, or the one that its path names.

    With a person's credentials many APIs, Vertex AI's among them, refuse a call that names no project ("requires a
    quota project, which is not set by default"). The gcp provider names the stack's, so whoever deploys may use it.
    Source: "Troubleshoot your ADC setup", https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds
    """

    project = ""

    def headers_of(self, path: str) -> Mapping[str, str]:
        """The project that the call counts against. None where neither the door nor the path names one."""
        named = re.search(r"/projects/([^/:?]+)", path)
        project = self.project or (named[1] if named else "")
        return {"X-Goog-User-Project": project} if project else {}
