"""The terminal of an interactive diary: a line to edit, and above it what happens meanwhile.

Rules: the only module that imports prompt_toolkit. Nothing here waits for the network, so that
typing never stops: an entry is put into the outbox before the next line can be typed, the rest is a
job of the worker, and what it has to tell appears above the prompt. The terminal stays in raw mode
from the first line to the last: a key pressed between two prompts, or while something is printed,
would else be echoed, or swallowed, or kill. The history lives in memory only.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output.vt100 import Vt100_Output

from diaryclient.diary.keeping import check_text, keep
from diaryclient.interactive import notices
from diaryclient.interactive.network_thread import NetworkThread
from diaryclient.interactive.synchronizer import ClearPlan, Synchronizer
from diaryclient.interactive.typed_line import Meaning, doubt, end_line, meaning
from diaryclient.screen.display import safe_text
from diaryclient.screen.wrapping import wrap_lines
from protocol.errors import DiaryError
from protocol.incoming import incoming_text

_PROMPT: Final = "> "
_FURTHER: Final = "| "
_WRAPPED: Final = "  "
_SETTLING_SECONDS: Final = 0.3
"""An answer that comes this fast is told before the next prompt, which then need not be redrawn."""

_LEAVING_SECONDS: Final = 2.0
"""For what was typed last; afterwards it waits in the outbox like everything that was not sent."""


class _DroppedLineError(Exception):
    """Somebody pressed Ctrl-C."""


class _RawInput(Vt100Input):
    """Keys, from a terminal that stays raw while something is printed above the prompt."""

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Do nothing, since what is printed here reads nothing."""
        return nullcontext()

    def suspend(self) -> None:
        """Stop this process, as Ctrl-Z does; the shell gets the terminal as it knows it."""
        with super().cooked_mode():
            os.kill(0, signal.SIGTSTP)


class Terminal:
    """Standard input and output, which must be a terminal."""

    def __init__(self) -> None:
        """Take the terminal as it is."""
        self.input = _RawInput(sys.stdin)
        self.output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
        # There is no menu whose place would have to be known; on a slow line an answer to "where is
        # the cursor" would arrive among the letters typed.
        self.output.enable_cpr = False
        self._lines = self._session(_end_of_line())
        self._answers = self._session(KeyBindings())

    async def line(self) -> str:
        """Give a line; raise _DroppedLineError for Ctrl-C and EOFError for Ctrl-D."""
        try:
            return await self._lines.prompt_async(
                _PROMPT, prompt_continuation=_continuation, set_exception_handler=False
            )
        except _DroppedLineError:
            if self._lines.default_buffer.text.strip():
                # Not every Ctrl-C was meant to destroy a text.
                self._lines.history.append_string(self._lines.default_buffer.text)
                await self.tell([notices.DROPPED])
            raise

    async def confirm(self, question: str) -> bool:
        """Ask; anything but y or yes is no."""
        try:
            answer = await self._answers.prompt_async(question, set_exception_handler=False)
        except (_DroppedLineError, EOFError):
            return False
        return answer.strip().lower() in {"y", "yes"}

    async def tell(self, said: list[str]) -> None:
        """Print above the prompt, if there is one just now."""
        columns = self.output.get_size().columns
        rows = [row for notice in said for row in wrap_lines(safe_text(notice), columns)]
        if rows:
            await run_in_terminal(partial(self._print, "\n".join(rows)))

    def _print(self, text: str) -> None:
        self.output.write_raw(f"{text}\n")
        self.output.flush()

    def _session(self, bindings: KeyBindings) -> PromptSession[str]:
        @bindings.add("c-z")
        async def _suspend(event: KeyPressEvent) -> None:
            del event
            await run_in_terminal(self.input.suspend)

        return PromptSession(
            key_bindings=bindings,
            input=self.input,
            output=self.output,
            interrupt_exception=_DroppedLineError,
        )


def _continuation(width: int, line: int, wraps: int) -> str:  # noqa: ARG001 - prompt_toolkit's
    return _WRAPPED if wraps else _FURTHER


def _end_of_line() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text, is_finished = end_line(buffer.text)
        if text != buffer.text:
            buffer.document = Document(text)
        if is_finished:
            buffer.validate_and_handle()

    return bindings


class Conversation:
    """One person's interactive diary, from the first line to Ctrl-D."""

    def __init__(
        self, terminal: Terminal, synchronizer: Synchronizer, *, clears_unasked: bool
    ) -> None:
        """`clears_unasked`: -c asks nothing."""
        self._terminal = terminal
        self._synchronizer = synchronizer
        self._clears_unasked = clears_unasked
        self._worker = NetworkThread()
        self._wake = asyncio.Event()
        self._jobs = set[asyncio.Task[None]]()

    async def run(self) -> None:
        """Show today, then take lines until Ctrl-D."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._terminal.tell([notices.HINT])
            await self._settle(self._do(self._synchronizer.show))
            watch = group.create_task(self._watch())
            while await self._take_line():
                pass
            watch.cancel()
            await self._leave()

    async def _take_line(self) -> bool:
        try:
            line = await self._terminal.line()
        except _DroppedLineError:
            return True
        except EOFError:
            return False
        match meaning(line):
            case Meaning.SHOW:
                await self._settle(self._do(self._synchronizer.show))
            case Meaning.CLEAR:
                await self._clear()
            case Meaning.WRITE:
                await self._take_entry(incoming_text(line))
            case Meaning.NOTHING:
                pass
        return True

    async def _take_entry(self, text: str) -> None:
        meant = doubt(text)
        if meant:
            await self._terminal.tell([meant])
            if not await self._terminal.confirm(notices.SAVE_THIS):
                await self._terminal.tell([notices.NOT_SAVED])
                return
        await self._write(text)

    async def _write(self, text: str) -> None:
        try:
            entry = keep(self._synchronizer.diary, check_text(text))
        except DiaryError as error:
            await self._terminal.tell([str(error)])
            return
        self._synchronizer.note_composed(entry)
        if self._synchronizer.is_away:
            await self._terminal.tell([self._synchronizer.queue(entry)])
            self._wake.set()
        else:
            await self._settle(self._do(partial(self._synchronizer.send, entry)))

    async def _clear(self) -> None:
        plan = asyncio.ensure_future(self._worker.run(self._synchronizer.plan_clear))
        await asyncio.wait({plan}, timeout=_SETTLING_SECONDS)
        known = plan.result() if plan.done() else None
        if not self._clears_unasked and (known is None or known.row):
            question = notices.question(known.entries if known else None)
            if not await self._terminal.confirm(question):
                await self._terminal.tell(["nothing cleared"])
                return
        await self._settle(self._finish_clearing(plan))

    async def _finish_clearing(self, coming: asyncio.Future[ClearPlan]) -> None:
        plan = await coming
        if plan.row is None:
            await self._terminal.tell([plan.reason])
        else:
            await self._do(partial(self._synchronizer.clear, plan.row, plan.entries))

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._synchronizer.pause):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._do(self._synchronizer.tick)

    async def _do(self, job: Callable[[], list[str]]) -> None:
        try:
            said = await self._worker.run(job)
        except OSError as error:
            said = [f"{error.filename or 'this machine'}: {error.strerror or error}"]
        await self._terminal.tell(said)

    async def _settle(self, job: Coroutine[None, None, None]) -> None:
        """Begin a job, and wait a moment for its end."""
        task = self._group.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        await asyncio.wait({task}, timeout=_SETTLING_SECONDS)

    async def _leave(self) -> None:
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=_LEAVING_SECONDS)
        for job in self._jobs:
            job.cancel()
        await self._terminal.tell(self._synchronizer.left_behind())


def converse(synchronizer: Synchronizer, *, clears_unasked: bool) -> None:
    """Hold a conversation at this process's terminal."""
    terminal = Terminal()
    # prompt_toolkit sets its own handler while a prompt is shown, and restores this one.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminal.input.raw_mode():
            conversation = Conversation(terminal, synchronizer, clears_unasked=clears_unasked)
            asyncio.run(conversation.run())
    finally:
        signal.signal(signal.SIGINT, before)
