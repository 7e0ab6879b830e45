"""Holds for every test."""

import signal


def pytest_configure() -> None:
    """Hear signals that the shell had us ignore, as in its background or under `nohup`.

    Whatever a test starts would ignore them too, and never end of the ones that it is sent.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
