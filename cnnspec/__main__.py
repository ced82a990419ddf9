"""`python -m cnnspec`."""

from cnnspec.cli.main import main

main()
