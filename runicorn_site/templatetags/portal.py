"""``{% load portal %}``: sizes, times and links that keep the state of a list."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from accounts.sizes import human_size

register = template.Library()

DASH = "\u2013"
MINUS = "\u2212"
THIN_SPACE = "\u202f"


@register.filter
def size(size_bytes: int | None) -> str:
    """``1536`` bytes as ``1.5 KiB``; None as a dash."""
    return DASH if size_bytes is None else human_size(int(size_bytes)).replace("-", MINUS)


@register.filter
def count(number: int | None) -> str:
    """``12345`` as ``12 345``."""
    return DASH if number is None else f"{number:,}".replace(",", THIN_SPACE)


@register.filter
def change(size_bytes: int | None) -> str:
    """A difference in bytes with its sign; nothing for None, ``±0`` for none."""
    if size_bytes is None:
        return ""
    if size_bytes == 0:
        return "±0"
    return size(size_bytes) if size_bytes < 0 else f"+{size(size_bytes)}"


@register.filter
def when(moment: datetime | None) -> str | SafeString:
    """How long ago, with the exact time where one points at it."""
    if moment is None:
        return DASH
    exact = localtime(moment)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S}", naturaltime(moment),
    )  # fmt: skip


@register.filter
def duration(span: timedelta | None) -> str:
    """``12 s``, from a minute on ``1:02:03``, with days where there are any; None as a dash."""
    if span is None:
        return DASH
    if span < timedelta(minutes=1):
        return f"{int(span.total_seconds())} s" if span >= timedelta(seconds=1) else "< 1 s"
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (
        f"{days} d {hours}:{minutes:02}:{seconds:02}"
        if days
        else f"{hours}:{minutes:02}:{seconds:02}"
    )


@register.filter
def percent(share: float | None) -> str:
    """``0.791`` as ``79.1 %``."""
    return DASH if share is None else f"{share * 100:.1f} %"


@register.simple_tag(takes_context=True)
def with_query(context: Context, **changes: Any) -> str:
    """The query of this page with some of its parameters set anew; None or "" removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
