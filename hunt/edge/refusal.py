"""What a connection beyond the limit is told: come back later, or nothing at all."""

from __future__ import annotations

import trio

from hunt.edge.answers import Answers
from hunt.edge.sending import send_all
from hunt.errors import Overloaded
from hunt.web import endpoints, problems

#: Connections beyond the limit that may be refused at a time; a further one takes the
#: place of the oldest. A part of the reserve that the limit leaves of the open files.
SPARE = 16

#: Seconds that a refused client has to say what it wanted, and to read the answer.
REFUSAL_TIMEOUT = 2.0

#: Bytes that are read of it.
READ = 16_384


async def refuse(stream: trio.abc.Stream, answers: Answers) -> None:
    """Answer a POST with 503; whatever else it is, and whatever comes of it, is no error.

    A stream that is closed without a word comes back by itself, and later each time.
    """
    with trio.move_on_after(REFUSAL_TIMEOUT):
        try:
            data = await stream.receive_some(READ)
            if data.startswith(b"POST "):
                problem = problems.refused(Overloaded("too many connections", retry_after=1.0))
                answer = answers.problem(problem, endpoints.request_id(None), close=True)
                await send_all(stream, answer)
                # To close with something unread would take the answer back.
                while await stream.receive_some(READ):
                    pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
