"""All proxies of a run in a process of their own, so that they neither starve the clients nor are starved by them.

`Links` is the runner's end. The process is told what to do by lines of JSON on its standard input, answers each with
one, and ends when its input does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from deploy.embedded.server import tethered
from tests.proxy import Mode, Proxy

ROOT = Path(__file__).parents[2]


class Links:
    """The links of a world.

    Args:
        routes: by name of the link: the port where it listens, and the port it leads to.
        log: where what goes wrong there is written.
    """

    def __init__(self, routes: Mapping[str, tuple[int, int]], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                tethered((sys.executable, "-m", "tests.faults.proxies"), str(os.getpid())),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        for name, (port, target) in routes.items():
            self._tell(do="open", link=name, port=port, target=target)

    def mode(self, link: str, mode: str) -> None:
        self._tell(do="mode", link=link, mode=mode)

    def cut(self, link: str) -> None:
        self._tell(do="cut", link=link)

    def close(self) -> None:
        self._process.communicate()

    def _tell(self, **order: Any) -> None:  # noqa: ANN401 - JSON
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both ends are pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(f"the proxies have ended; the last order was {order}")


def main() -> None:
    """Obeys until the input ends."""
    proxies: dict[str, Proxy] = {}
    with ExitStack() as opened:
        for line in sys.stdin:
            order = json.loads(line)
            link = order["link"]
            match order["do"]:
                case "open":
                    proxies[link] = opened.enter_context(Proxy(order["target"], order["port"]))
                case "mode":
                    proxies[link].mode = cast("Mode", order["mode"])
                case "cut":
                    proxies[link].cut()
            print("done", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
