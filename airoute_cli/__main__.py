"""Entry point of the command ``airoute``."""

from airoute_cli.cli.main import main

if __name__ == "__main__":
    main()
