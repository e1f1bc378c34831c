"""``python -m tieout`` is the ``tieout`` command."""

from tieout.cli import main

if __name__ == "__main__":
    main()
