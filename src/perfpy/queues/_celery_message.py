"""Which messages a worker takes from Celery: the id of a task, and nothing that means more to Celery."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import celery.worker.consumer
import kombu.exceptions

#: The name of the one task that Celery knows.
TASK = "perfpy.do"

_log = logging.getLogger("perfpy")
_NOT_OURS = ("eta", "expires", "group", "stamps")  # headers that Celery would act upon


class Consumer(celery.worker.consumer.Consumer):  # type: ignore[misc]
    """Celery's consumer, without those messages that it would do something else for, or end because of."""

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], None]:
        """Return what is done with a message."""
        handle = super().create_task_handler(*arguments, **options)

        def checked(message: Any) -> None:
            if _is_ours(message):
                handle(message)
            else:
                _log.warning(
                    "dropped a message that perfpy did not send, of %d bytes", len(message.body or b"")
                )
                message.reject_log_error(_log, self.connection_errors)

        return checked


def _is_ours(message: Any) -> bool:
    """Tell whether a message is what `App.send` sends; its content is only read where it is JSON."""
    headers = message.headers
    if not isinstance(headers, dict) or headers.get("task") != TASK or not isinstance(headers.get("id"), str):
        return False
    if any(headers.get(name) for name in _NOT_OURS):
        return False
    try:
        content = message.payload
    except (kombu.exceptions.KombuError, ValueError):
        return False
    match content:
        case [[str()], dict() as options, dict() as what_follows]:
            return not options and not any(what_follows.values())
    return False
