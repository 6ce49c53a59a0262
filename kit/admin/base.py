"""The base of every page of the admin site: nothing is written but by services.

Django's admin saves model forms by itself. Here each of its ways to write is closed, and a page that may change
something names the services that do it. What a service refuses comes back as an error of the form, after the whole
request was rolled back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Never, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from kit.admin.filters import RelatedFilter
from kit.admin.lists import CappedPaginator, StaffChangeList
from kit.errors import Conflict, DomainError
from kit.sent_once import FIELD, sent_once_method

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _ModelForm = forms.ModelForm[Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _ModelForm = forms.ModelForm

_REFUSAL = "_staff_refusal"
CONFIRMED = "confirmed"
_BACK = "_back_to_form"


class RawWrite(RuntimeError):
    """Raised when the admin site is about to write past the services: a defect of the page."""


class ConfirmFirst(Exception):
    """Raised by a page's `create` or `update` when the change makes something happen that staff have to confirm.

    What was done until then is rolled back, so it may be raised after the services have been called: whatever they
    refuse is said before anybody is asked.

    Args:
        effects: what happens, for the template `admin/confirm_change.html`.
        token: what the answer has to hold, as text: the number of things concerned, so that another number asks anew.
        verb: what the button says.
    """

    def __init__(self, effects: Sequence[Any], *, token: str, verb: str) -> None:
        super().__init__(verb)
        self.effects = effects
        self.token = token
        self.verb = verb


def confirmed(request: HttpRequest, token: str) -> bool:
    """Tell whether staff have confirmed a change with these consequences."""
    return request.POST.get(CONFIRMED) == token


def add_refusal(form: forms.BaseForm, error: DomainError) -> None:
    """Put what a service refused to the field it names, else to the whole form.

    Args:
        form: bound and cleaned.
        error: from the service.
    """
    field = (error.field or "").removesuffix("_id")
    form.add_error(field if field in form.fields else None, error.message)


class StaffForm(_ModelForm):
    """A model form whose last word is the service's."""

    refusal: ClassVar[DomainError | None] = None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, not in the stubs
        if self.refusal is not None:
            add_refusal(self, self.refusal)

    @property
    def changes(self) -> dict[str, Any]:
        """The fields that this person changed, with their new values; what others changed meanwhile is left alone."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


class StaffAdmin(_ModelAdmin):
    """A page of the admin site. Read-only, unless the subclass says which services create and change."""

    creates: ClassVar[bool] = False
    """Whether a service makes objects; `create` calls it."""
    changes: ClassVar[bool] = False
    """Whether a service changes them; `update` calls it."""
    page_template: ClassVar[str] = ""
    """Template of an object's page where there is nothing to edit; Django's form otherwise."""
    icon: ClassVar[str] = "table-2"
    notice: ClassVar[str] = ""
    """A sentence above the list."""

    form = StaffForm
    paginator = CappedPaginator
    list_per_page = 100
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    view_on_site = False
    preserve_filters = False
    delete_confirmation_template = "admin/403.html"

    # --- who may ---

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.creates and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.changes and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: no service removes anything that the admin site shows."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters of the list only: Django would filter by any column, a password's hash too."""
        offered = [cast(Any, each).parameter_name for each in self.get_list_filter(request) if isinstance(each, type)]
        return lookup in offered

    # --- writing ---

    def create(self, request: HttpRequest, form: Any) -> models.Model:
        """Make an object by services and return it.

        Raises:
            DomainError: shown in the form; nothing was written.
        """
        raise RawWrite(f"{type(self).__name__} creates nothing.")

    def update(self, request: HttpRequest, obj: Any, form: Any) -> None:
        """Change an object by services. Errors as `create`."""
        raise RawWrite(f"{type(self).__name__} changes nothing.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            self.update(request, obj, form)
        else:
            obj.pk = self.create(request, form).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave relations to the services."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Never:
        raise RawWrite("The admin site writes through services alone.")

    save_formset = delete_model = delete_queryset = _refuse

    def _not_logged(self, *args: Any, **kwargs: Any) -> Any:
        """Django's own log is not kept: every change leaves its event."""

    log_addition = log_change = log_deletions = _not_logged

    @sent_once_method
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            if _BACK in request.POST:
                raise Conflict(_("Nothing is changed yet."))
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ConfirmFirst as question:
            return self._confirm_page(request, object_id, question)
        except DomainError as error:
            # All that was done is rolled back by now. The form is checked again, with the refusal as its last error.
            setattr(request, _REFUSAL, error)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _confirm_page(self, request: HttpRequest, object_id: str | None, question: ConfirmFirst) -> HttpResponse:
        """Show what a change brings with it, with the whole form, to be sent again or gone back to."""
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        left_out = ("csrfmiddlewaretoken", CONFIRMED, _BACK, FIELD)
        fields = [
            (name, value) for name in request.POST if name not in left_out for value in request.POST.getlist(name)
        ]
        context = {
            "title": _("Save %(name)s?") % {"name": obj if obj is not None else self.opts.verbose_name},
            "original": obj,
            "effects": question.effects,
            "fields": [*fields, (CONFIRMED, question.token)],
            "verb": question.verb,
            "back": _BACK,
        }
        return self.render(request, "admin/confirm_change.html", context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = cast(type[StaffForm], super().get_form(request, obj, change, **kwargs))
        # A class of this request alone: Django has just made it.
        made.refusal = getattr(request, _REFUSAL, None)
        return made

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # Without the buttons that open other forms in a second window.
            field.widget = field.widget.widget
        return field

    # --- answers ---

    def url_of(self, obj: models.Model, name: str = "change") -> str:
        """Return the address of an object's page, or of another page of it."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=[obj.pk])

    def list_url(self) -> str:
        """Return the address of the list."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        self.message_user(request, _("%(name)s created.") % {"name": str(obj)}, messages.SUCCESS)
        return HttpResponseRedirect(self.url_of(obj))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, _("%(name)s saved.") % {"name": str(obj)}, messages.SUCCESS)
        return HttpResponseRedirect(self.url_of(obj))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Send whoever asks for Django's history to the log."""
        raise Http404(_("The event log tells what happened."))

    # --- pages ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.page_template:
            return self.page_view(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def found(self, request: HttpRequest, object_id: str, *, change: bool = False) -> Any:
        """Return an object for one of its pages.

        Args:
            object_id: as it stands in the address.
            change: whether the page changes something.

        Raises:
            PermissionDenied: the right is missing.
            Http404: there is none.
        """
        obj = self.get_object(request, unquote(object_id))
        allowed = self.has_change_permission if change else self.has_view_permission
        if not allowed(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404(_("There is no %(kind)s %(id)s.") % {"kind": self.opts.verbose_name, "id": object_id})
        return obj

    def page_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show an object that is not edited here."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied(_("This page shows and changes nothing."))
        obj = self.found(request, object_id)
        return self.render(request, self.page_template, {"original": obj, **self.page_context(request, obj)})

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the page's template needs."""
        return {}

    def render(
        self, request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
    ) -> TemplateResponse:
        """Render a page inside the admin site."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            template,
            {**self.admin_site.each_context(request), "opts": self.opts, "model_admin": self, **context},
            status=status,
        )

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        context |= {"model_admin": self, **self.form_context(request, obj)}
        if context["errors"]:
            context["title"] = _("Error: %(title)s") % {"title": context["title"]}
        response = super().render_change_form(request, context, *args, **kwargs)
        if context["errors"]:
            response.status_code = 422
        return response

    def form_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """Return what the form's template needs besides the form; `obj` is `None` for a new one."""
        return {}

    # --- lists ---

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StaffChangeList

    def prepare_rows(self, request: HttpRequest, rows: Sequence[Any]) -> None:
        """Read what the columns show of a whole page of rows, so that no column asks the database row by row."""

    def get_action_choices(self, request: HttpRequest, default_choices: Any = None) -> Any:
        return super().get_action_choices(request, default_choices or [("", _("Choose an action"))])

    @property
    def media(self) -> forms.Media:
        """Scripts of the page; what is chosen by a search in another list needs that widget's, and a name for it."""
        media = forms.Media(js=["admin/js/actions.js", *(["js/admin.js"] if self.autocomplete_fields else [])])
        for each in self.list_filter or ():
            if isinstance(each, type) and issubclass(each, RelatedFilter):
                field = cast(Any, self.model._meta.get_field(each.field_name))
                media += AutocompleteSelect(field, self.admin_site).media + forms.Media(js=["js/admin.js"])
        return media

    def __str__(self) -> str:
        return str(capfirst(str(self.opts.verbose_name_plural)))
