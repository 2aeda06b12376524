"""Give up a database within a time limit: one that hangs must not delay a stop."""

import threading

import structlog

from persistence.errors import Deposed, StoreError
from persistence.store import Store

log = structlog.get_logger("backstay")


def let_go(store: Store, epoch: int | None, timeout_seconds: float) -> None:
    """Give up the ownership of an epoch, if any, and close the store.

    If the database does not answer in time, the lease ends by itself.
    """
    release = threading.Thread(target=_release, args=(store, epoch), name="release", daemon=True)
    release.start()
    release.join(timeout_seconds)
    if release.is_alive():
        log.warning("ownership not given up: the database does not answer, its lease will end")


def _release(store: Store, epoch: int | None) -> None:
    try:
        if epoch is not None:
            store.release(epoch)
    except Deposed as error:
        log.info("nothing to give up", why=str(error))
    except StoreError as error:
        log.warning("ownership not given up: its lease will end", error=str(error))
    finally:
        store.close()
