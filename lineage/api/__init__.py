"""HTTP for machines: parse, call a service or a queryset, render."""
