#!/usr/bin/env python3
"""CloudMate's commands. This file alone is written so that an old Python can read it and say what is missing."""

import os
import sys

OLDEST = (3, 11)


def main(argv):
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "CloudMate needs Python %d.%d or newer; this is Python %d.%d.\n"
            "Install a newer one (Debian 12: apt-get install python3 python3-venv) and start CloudMate with it:\n"
            "  python3.11 manage.py up\n" % (OLDEST + tuple(sys.version_info[:2]))
        )
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudmate.settings")
    from cloudmate import commandline

    return commandline.run(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
