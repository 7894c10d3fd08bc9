"""What files hold, looked at without running any of it: plain Python, knows no Django.

Nothing here trusts what it reads. Every read goes through a :class:`~artifacts.formats.source.
BoundedReader`, which says when it is enough; sizes, counts and depths that a file claims are
compared with what it has before they cost time or memory; nothing is evaluated, imported,
unpickled or unpacked as a whole. What cannot be read raises :class:`~artifacts.formats.source.
Unreadable`, whose text says why.
"""
