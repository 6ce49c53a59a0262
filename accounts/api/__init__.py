"""People, tokens, workspaces and what they bought over the API; `api_contract.md` sections 1, 2 and 6 to 9."""

from accounts.api.bearer import ApiRequest, BearerAuth

__all__ = ["ApiRequest", "BearerAuth"]
