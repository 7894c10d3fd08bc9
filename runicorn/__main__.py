"""``python -m runicorn`` is the command ``runicorn``."""

from runicorn.cli.main import main

main()
