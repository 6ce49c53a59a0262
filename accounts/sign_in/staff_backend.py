"""Rights of the operator's staff: Django's own, and those of their role."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.staff_roles import rights_of_role


class StaffRoleBackend(ModelBackend):
    """Django's rights, and those of the staff role. No query more."""

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the rights of the groups and of the staff role."""
        found = super().get_group_permissions(user_obj, obj)
        if obj is None and user_obj.is_active and not user_obj.is_anonymous and user_obj.is_staff:
            return {*found, *rights_of_role(user_obj.staff_role)}
        return found
