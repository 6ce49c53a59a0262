"""Signs a sample person in, into a sample workspace."""

from types import SimpleNamespace
from typing import Any

PREFERENCES: dict[str, Any] = {"timezone": "Europe/Berlin"}


class SamplePerson(SimpleNamespace):
    is_authenticated = True
    is_staff = True
    is_active = True
    pk = id = 1
    name = "Sample User"
    email = "sample.user@example.com"


class GalleryMiddleware:
    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        if not request.path.startswith("/accounts/"):
            preferences = {**PREFERENCES, "theme": request.COOKIES.get("theme", "system")}
            request.user = SamplePerson(preferences=preferences)
            names = [
                "Sample Logistics",
                "Northern Meters",
                "Harbour Trackers and Container Telemetry International",
                *(f"Workspace {n}" for n in range(1000)),
            ]
            request.workspaces = [
                SimpleNamespace(id=1000 + n, pk=1000 + n, name=name, role="Administrator", trial_ends=None)
                for n, name in enumerate(names)
            ]
            request.workspace = request.workspaces[0]
            request.role = "Administrator"
            request.may = {"SIM_UPDATE": True}
        return self.get_response(request)
