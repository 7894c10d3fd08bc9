"""What may be asked of the audit log: by the API and by the page, with the same names."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from accounts.api.moments import MomentFilter
from accounts.models import AuditEvent


class AddressFilter(django_filters.Filter):
    """An IPv4 or IPv6 address."""

    field_class = forms.GenericIPAddressField


class AuditFilter(django_filters.FilterSet):
    """What may be asked of the log; all that is given holds together."""

    user = django_filters.CharFilter(field_name="username")
    action = django_filters.CharFilter(lookup_expr="startswith")
    object = django_filters.CharFilter(method="about")
    object_type = django_filters.CharFilter()
    team = django_filters.CharFilter()
    address = AddressFilter()
    after = MomentFilter(field_name="at", lookup_expr="gt")
    before = MomentFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEvent
        fields: list[str] = []

    def about(self, rows: QuerySet[AuditEvent], name: str, value: str) -> QuerySet[AuditEvent]:
        """Those about ``value``, or about a version or an alias of it."""
        return rows.filter(Q(object=value) | Q(object__startswith=f"{value}:"))
