"""Loads torch, the components and the compiler in the background, so that the first paint waits for none of them."""

from __future__ import annotations

import gc
import logging
import threading
import time

from builder.ui import catalogue as catalogues
from builder.ui.catalogue import Catalogue

logger = logging.getLogger(__name__)

DELAY = 1.0  # seconds that the browser gets for its first paint before importing takes the processor


class Warmup:
    """One per process. ``catalogue`` is there as soon as it can be; ``ready`` says that edits and checks are quick."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._listed = threading.Event()
        self._done = threading.Event()
        self._catalogue: Catalogue | None = None
        self._error: BaseException | None = None

    @property
    def ready(self) -> bool:
        return self._done.is_set() and self._error is None

    @property
    def catalogue(self) -> Catalogue | None:
        """The components as plain data: from the cache, or from the registry once it is loaded."""
        if self._catalogue is None:
            self._catalogue = catalogues.read_cache()
        return self._catalogue

    def start(self) -> None:
        """Begins to load, once; later calls do nothing."""
        with self._lock:
            if self._thread is None:
                delay = 0.0 if self.catalogue is None else DELAY
                self._thread = threading.Thread(target=self._run, args=(delay,), name="layerloom-warmup", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Returns when everything is loaded; raises what loading raised."""
        self.start()
        self._done.wait()
        if self._error is not None:
            raise self._error

    def wait_for_catalogue(self) -> Catalogue:
        """The catalogue, as soon as it is there; raises what loading raised."""
        self.start()
        while (found := self.catalogue) is None:
            self._listed.wait()
            self.check_failure()
        return found

    def check_failure(self) -> None:
        """Raises what loading raised, if it did."""
        if self._error is not None:
            raise self._error

    def _run(self, delay: float) -> None:
        time.sleep(delay)
        try:
            fresh = catalogues.from_registry()
            if self._catalogue is None or dict(fresh) != dict(self._catalogue):
                self._catalogue = fresh
                self._listed.set()
                _keep(fresh)
            _first_check()
        except BaseException as error:
            self._error = error
        finally:
            self._listed.set()
            self._done.set()
        if self._error is None:
            _first_suggestion()
            gc.freeze()  # what is loaded stays: a full collection would look through it for 0.2 s in the middle of an edit


def _keep(fresh: Catalogue) -> None:
    try:
        catalogues.write_cache(fresh)
    except OSError:
        logger.warning("The catalogue could not be kept for the next start", exc_info=True)


def _first_check() -> None:
    """The first tensor on the meta device costs a second or more: it is spent here."""
    from builder.compiler import check
    from builder.graph import load
    from builder.ui.workspace import GALLERY

    try:
        check(load(GALLERY / "lenet5.json"))
    except Exception:  # the desk's own check says what is wrong
        logger.exception("The first check failed")


def _first_suggestion() -> None:
    """Reads the gallery for what follows what, before somebody waits for it."""
    from builder.ui.suggestions import gallery_habits

    try:
        gallery_habits()
    except Exception:  # whoever asks is told
        logger.exception("The gallery could not be read")


WARMUP = Warmup()
